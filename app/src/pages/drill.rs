//! One drill: its clocks, steps, checks, both sides of what came back, and the draw.

use std::collections::BTreeMap;

use domain::{
    Moment,
    control::Evidence,
    draw,
    drill::{CheckVerdict, Draw, Drill, Exposure, Outcome},
    history::{self, Medians},
    proof::signoff::Purpose,
    record::{Seal, Sealed},
    review::{Mark, Review},
    verdict::Verdict,
    words,
};
use leptos::prelude::*;

use crate::{
    api::{self, Frame, drills::DrillPage},
    parts::{
        Demo, Freshness, LogSection, Measure, Measures, OpenBefore, PageHead, Say, SealKind, SealNote, Section, Shape,
        StateMark, Statement, Tested, Timeline, Waiting, When, capital, encoded, loaded, param, plural, review_href,
    },
};

#[component]
pub fn DrillRecord() -> impl IntoView {
    loaded("drills", api::drills::one(param("id")), page)
}

fn page(page: DrillPage, _frame: Frame) -> impl IntoView {
    let DrillPage { drill: Sealed { id, value: drill, seal }, place: (nth, of), medians, findings, .. } = page;
    let (reviews, now) = (page.reviews, page.now);
    let (open_before, median_restore) = (page.open_before, page.median_restore);
    let ticks = drill.steps.iter().enumerate().filter_map(|(i, s)| Some((i, history::of(&medians, s.id)?))).collect();
    let sign = page.to_sign.map(|review| {
        view! { <a class="button primary" href=review_href(&review.subject)>"Sign off"</a> }
    });
    let day = words::long_date(drill.occurred_at);
    let record = format!("/drills/{}/record.json", encoded(&id));
    let title = format!("Restoration drill, {day}");
    let what = format!("the drill of {day}");
    let eyebrow = move || view! { <a href="/drills">"Drills"</a> " / " {format!("{nth} of {of} on record")} };
    let line = {
        let (seal, what, record) = (seal.clone(), what.clone(), record.clone());
        move || {
            view! { <SealNote seal=seal.clone() kind=SealKind::Line what=what.clone() open=record.clone() /> }
                .into_any()
        }
    };
    let controls = Evidence::Drills.answers().iter().map(|c| c.id()).collect::<Vec<_>>().join(", ");
    let tenant = drill.draw.as_ref().map(|d| view! { <span>"Tenant drawn " <code>{d.chosen.clone()}</code></span> });
    let checks = (!drill.checks.is_empty()).then(|| checks_table(&drill, line()));
    let counts =
        (!drill.counts.is_empty() || !drill.documents.is_empty()).then(|| both_sides(&drill, &seal, &what, &record));
    let findings = (!findings.is_empty()).then(|| {
        let links = findings
            .into_iter()
            .map(|f| view! { <a href=format!("/findings#{}", f.id)>{f.id.clone()}</a> ", " {f.value.title} ". " })
            .collect_view();
        view! { <p class="foot measure-width">"Raised here: " {links}</p> }
    });
    let (demo, abandoned) = (drill.demo, drill.abandoned.is_some());
    let meta = view! {
        <p class="meta">
            <span>"Scenario " <b>{lower(drill.scenario.title())}</b></span>
            <span>"Runbook " <b>{drill.plan.runbook_version.clone()}</b></span>
            {tenant}
            <span>"Controls " <b>{controls}</b></span>
            <span><Tested demo=demo abandoned=abandoned /></span>
        </p>
    };
    let steps = (!drill.steps.is_empty()).then(|| {
        let timeline = view! { <Timeline drill=drill.clone() medians=ticks seal=line() /> };
        view! { <Section title="Steps and timings" over_table=true>{timeline}</Section> }
    });
    let sentence = sentence(&drill);
    let download = record.clone();
    view! {
        <PageHead eyebrow=eyebrow title=title>
            <a class="button" href=download download="">
                <svg viewBox="0 0 14 14" aria-hidden="true"><path d="M7 1.5v8M3.5 6.5L7 10l3.5-3.5M1.5 12.5h11" /></svg>
                "Record"
            </a>
            {sign}
        </PageHead>
        <div class="fact">
            <div>
                {meta}
                {measures(&drill, &reviews, now)}
            </div>
            <aside class="low" role="note">
                <SealNote seal=seal kind=SealKind::Record note="Record closed" what=what open=record />
            </aside>
        </div>
        <Statement>{sentence}</Statement>
        {reasons(&drill)}
        <OpenBefore findings=open_before now=now />
        {steps}
        <LogSection lines=drill.log.clone() seal=line() />
        {compared(&drill, &medians, median_restore)}
        {checks}
        {counts}
        {freshness(&drill, line())}
        {drill.draw.as_ref().map(|d| draw_section(d, line()))}
        {source(&drill, line())}
        {people(&drill, line())}
        {signatures(&reviews, now)}
        {findings}
    }
}

fn lower(title: &str) -> String {
    let mut chars = title.chars();
    chars.next().map(|c| c.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

fn sentence(drill: &Drill) -> AnyView {
    match &drill.abandoned {
        Some(why) => view! {
            <Say state=Shape::Ring words="Abandoned" /> ": " {why.trim_end_matches('.').to_owned()}
            ". What ran before stays on record; it is not a measurement."
        }
        .into_any(),
        None => words::unbroken(&drill.sentence()).into_any(),
    }
}

fn measures(drill: &Drill, reviews: &[Review], now: Moment) -> impl IntoView + use<> {
    let said = |v: Verdict| (Shape::from(v), v.word().to_owned());
    let checks = drill.checks.len();
    let failed = drill.checks.iter().filter(|c| c.verdict == CheckVerdict::Fails).count();
    let passed = drill.passed();
    let check_state = match (checks, failed) {
        (0, _) => (Shape::Ring, "none ran".to_owned()),
        (_, 0) if passed == checks => (Shape::Disc, "all pass".to_owned()),
        (_, 0) => (Shape::Ring, format!("{} not run", checks - passed)),
        (_, n) => (Shape::Square, format!("{n} {}", if n == 1 { "fails" } else { "fail" })),
    };
    let (measured, by_hand) = (drill.measured.clone(), drill.by_hand());
    let restore = measured.as_ref().map_or("not measured".to_owned(), |m| words::duration(m.restore_ms));
    let lost = measured.as_ref().and_then(|m| m.rpo_ms).map_or("not measured".to_owned(), words::duration);
    let (rto, rpo) = (said(drill.verdict.rto), said(drill.verdict.rpo));
    let (signed, unsigned) = (signed_measure(reviews, now), reviews.is_empty());
    let (of_rto, of_rpo) = (words::duration(drill.plan.rto_ms), words::duration(drill.plan.rpo_ms));
    view! {
        <Measures>
            <Measure
                label="Time to restore"
                value=restore
                of=format!("of {of_rto}")
                state=rto
            />
            <Measure
                label="Data lost"
                value=lost
                of=format!("of {of_rpo}")
                state=rpo
            />
            <Measure label="Checks" value=passed.to_string() of=format!("of {checks}") state=check_state />
            {signed}
            {measured
                .filter(|_| unsigned && !by_hand)
                .map(|m| {
                    view! {
                        <Measure label="Restored" value=words::count(m.documents) of=format!("documents, {}", words::bytes(m.bytes)) />
                    }
                })}
        </Measures>
    }
}

/// "1 of 2", and what the next one waits for.
fn signed_measure(reviews: &[Review], now: Moment) -> Option<AnyView> {
    if reviews.is_empty() {
        return None;
    }
    let signed = reviews.iter().filter(|r| r.signed().is_some()).count();
    let next = reviews.iter().filter(|r| r.standing.mark(now).asks()).min_by_key(|r| r.standing.mark(now));
    let state = match next {
        None => (Shape::Disc, "signed".to_owned()),
        Some(r) => {
            let (mark, due) = (r.standing.mark(now), r.standing.due().map(words::date).unwrap_or_default());
            let who = r.subject.purpose.waits_for().word();
            let word = match mark {
                Mark::Waiting => format!("{who}, by {due}"),
                mark => format!("{}, {who}", mark.word()),
            };
            (Shape::of_mark(mark), word)
        }
    };
    let (value, of) = (signed.to_string(), format!("of {}", reviews.len()));
    Some(view! { <Measure label="Signatures" value=value of=of state=state /> }.into_any())
}

/// Who ran it and who owns it, each with a seal of their own.
fn signatures(reviews: &[Review], now: Moment) -> Option<AnyView> {
    if reviews.is_empty() {
        return None;
    }
    let rows = reviews
        .iter()
        .map(|review| {
            let mark = review.standing.mark(now);
            let role = match review.subject.purpose {
                Purpose::Ran => "Who ran it",
                _ => "Who owns it",
            };
            let last = review.signatures.first();
            let name = last.map_or("nobody yet".to_owned(), |s| s.statement.signer.name.clone());
            let when = match (last, review.standing.due()) {
                (Some(s), _) => format!("{} UTC", words::date_time(s.at())),
                (None, Some(due)) => format!("due {}", words::date(due)),
                (None, None) => String::new(),
            };
            let seal = match last {
                Some(s) => {
                    view! { <SealNote seal=s.seal.clone() kind=SealKind::Line what=format!("sign-off {}", s.id) /> }
                        .into_any()
                }
                None => view! { <Waiting why="not yet signed" /> }.into_any(),
            };
            view! {
                <tr>
                    <th scope="row"><a href=review_href(&review.subject)>{role}</a></th>
                    <td>{name}</td>
                    <td class="state-cell"><StateMark state=Shape::of_mark(mark) word=mark.word() /></td>
                    <td>{when}</td>
                    <td class="sl">{seal}</td>
                </tr>
            }
        })
        .collect_view();
    let one_person = {
        let mut signers = reviews.iter().filter_map(Review::signed).map(|s| &s.statement.signer.id);
        signers.next().is_some_and(|first| signers.any(|other| other == first))
    };
    Some(
        view! {
            <Section title="Signatures" over_table=true id="signatures">
                <table class="table">
                    <thead>
                        <tr>
                            <th class="w-25" scope="col"><span class="unseen">"As"</span></th>
                            <th class="w-25" scope="col">"Signed by"</th>
                            <th class="w-20" scope="col"><span class="unseen">"State"</span></th>
                            <th scope="col"><span class="unseen">"When"</span></th>
                            <td class="sl"></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {one_person.then(|| view! { <p class="foot measure-width">"Both signatures are one person’s."</p> })}
            </Section>
        }
        .into_any(),
    )
}

/// Why the verdict is not met, one line each.
fn reasons(drill: &Drill) -> Option<impl IntoView + use<>> {
    (!drill.verdict.reasons.is_empty() && drill.abandoned.is_none()).then(|| {
        let lines = drill.verdict.reasons.iter().map(|r| view! { <li>{r.clone()}</li> }).collect_view();
        view! { <ul class="reasons foot measure-width">{lines}</ul> }
    })
}

/// Each phase beside what it took in earlier drills of this kind.
fn compared(drill: &Drill, medians: &Medians, median_restore: Option<i64>) -> Option<AnyView> {
    let done = drill.steps.iter().filter(|s| s.outcome == Outcome::Done);
    let phases: Vec<(&'static str, i64, i64)> =
        done.filter_map(|s| Some((s.id.title(), s.took_ms(), history::of(medians, s.id)?))).collect();
    if phases.is_empty() || drill.abandoned.is_some() {
        return None;
    }
    let whole = drill
        .measured
        .as_ref()
        .zip(median_restore)
        .map(|(m, median)| ("In all, on the recovery clock", m.restore_ms, median));
    let of = medians.iter().map(|(.., n)| *n).max().unwrap_or(0);
    let row = |(title, took, median): (&'static str, i64, i64)| {
        let than = match took - median {
            0 => "as long".to_owned(),
            d if d < 0 => format!("{} quicker", words::duration(-d)),
            d => format!("{} slower", words::duration(d)),
        };
        view! {
            <tr>
                <th scope="row">{title}</th>
                <td class="num">{words::duration(took)}</td>
                <td class="num">{words::duration(median)}</td>
                <td class="num">{than}</td>
                <td class="sl"></td>
            </tr>
        }
    };
    let rows = phases.into_iter().map(row).collect_view();
    let foot = whole.map(row);
    Some(
        view! {
            <Section title="Against the drills before" note=format!("median of {}", plural(of, "drill", "drills"))>
                <table class="table tight stays compared">
                    <thead>
                        <tr>
                            <th class="w-40" scope="col">"Phase"</th>
                            <th class="num" scope="col">"This drill"</th>
                            <th class="num" scope="col">"Median before"</th>
                            <th class="num" scope="col">"This one was"</th>
                            <td class="sl"></td>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    <tfoot>{foot}</tfoot>
                </table>
            </Section>
        }
        .into_any(),
    )
}

fn checks_table(drill: &Drill, seal: AnyView) -> impl IntoView + use<> {
    let mut seal = Some(seal);
    let rows = drill
        .checks
        .iter()
        .map(|check| {
            let (shape, word) = Shape::of_check(check.verdict);
            let detail = if check.detail.is_empty() {
                format!("{} of {}", check.actual, check.expected)
            } else {
                check.detail.clone()
            };
            view! {
                <tr>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                    <th scope="row">{check.id.title()}</th>
                    <td>{detail}</td>
                    <td class="sl">{seal.take()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Checks">
            <table class="table tight">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-12" scope="col">"Result"</th>
                        <th class="w-35" scope="col">"Check"</th>
                        <th scope="col">"What was seen"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
}

/// Counts of both sides beside the drawn documents.
fn both_sides(drill: &Drill, seal: &Seal, what: &str, record: &str) -> impl IntoView + use<> {
    let counts = drill
        .counts
        .iter()
        .map(|c| {
            view! {
                <tr>
                    <th scope="row"><code>{c.collection.clone()}</code></th>
                    <td class="num">{words::count(c.expected)}</td>
                    <td class="num">{words::count(c.actual)}</td>
                    <td class="num">{difference(c.actual - c.expected)}</td>
                </tr>
            }
        })
        .collect_view();
    let (expected, actual) = drill.total_counts();
    let documents = drill
        .documents
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let (shape, word) = match (&d.actual, d.equal()) {
                (_, true) => (Shape::Disc, "equal"),
                (None, _) => (Shape::Square, "absent"),
                (Some(_), false) => (Shape::Square, "differs"),
            };
            view! {
                <tr>
                    <td>{i + 1}</td>
                    <th scope="row"><code title=d.id.clone()>{tail(&d.id)}</code></th>
                    <td><code>{d.collection.clone()}</code></td>
                    <td><StateMark state=shape word=word /></td>
                </tr>
            }
        })
        .collect_view();
    let nothing_drawn = drill.documents.is_empty().then(|| {
        view! { <p class="foot">"None were drawn: the drill ended before."</p> }
    });
    let drawn = drill.documents.len();
    view! {
        <div class="fact section">
            <div class="pair">
                <section aria-labelledby="counts">
                    <h3 id="counts">"Document counts"</h3>
                    <table class="table stays counts">
                        <thead>
                            <tr>
                                <th scope="col">"Collection"</th>
                                <th class="num" scope="col">"In the dump"</th>
                                <th class="num" scope="col">"Restored"</th>
                                <th class="num" scope="col">"Difference"</th>
                            </tr>
                        </thead>
                        <tbody>{counts}</tbody>
                        <tfoot>
                            <tr>
                                <th scope="row">"All"</th>
                                <td class="num">{words::count(expected)}</td>
                                <td class="num">{words::count(actual)}</td>
                                <td class="num">{difference(actual - expected)}</td>
                            </tr>
                        </tfoot>
                    </table>
                </section>
                <section aria-labelledby="documents">
                    <h3 id="documents">
                        {if drawn == 0 { "Drawn documents".to_owned() } else { format!("{} drawn documents", capital(&words::number(drawn))) }}
                    </h3>
                    {nothing_drawn}
                    {(drawn > 0)
                        .then(|| {
                            view! {
                                <table class="table stays drawn">
                                    <thead>
                                        <tr>
                                            <th scope="col"><span class="unseen">"Number"</span></th>
                                            <th scope="col">"Document"</th>
                                            <th scope="col">"Collection"</th>
                                            <th scope="col">"Content"</th>
                                        </tr>
                                    </thead>
                                    <tbody>{documents}</tbody>
                                </table>
                            }
                        })}
                </section>
            </div>
            <aside class="low" role="note">
                <SealNote
                    seal=seal.clone()
                    kind=SealKind::Record
                    note="Counts of both sides; documents by digest, never by content"
                    what=what.to_owned()
                    open=record.to_owned()
                />
            </aside>
        </div>
    }
}

fn difference(n: i64) -> String {
    if n > 0 { format!("+{}", words::count(n)) } else { words::count(n) }
}

/// The end of a long id: "…8582af2326c9".
fn tail(id: &str) -> String {
    let length = id.chars().count();
    if length <= 16 { id.to_owned() } else { format!("…{}", id.chars().skip(length - 12).collect::<String>()) }
}

fn freshness(drill: &Drill, seal: AnyView) -> Option<AnyView> {
    let measured = drill.measured.as_ref()?;
    let lost_at = drill.lost_at()?;
    let Some(last_write) = drill.source.last_write_at else {
        let why = if drill.by_hand() {
            ": no program read what people brought back."
        } else {
            ": no field of the data says when it was last written."
        };
        return Some(
            view! {
                <Section title="Freshness of what came back">
                    <p class="foot measure-width"><StateMark state=Shape::Ring word="not stated" /> {why}</p>
                </Section>
            }
            .into_any(),
        );
    };
    let (_, back_at) = drill.clock()?;
    let by = drill.source.last_write_by.clone();
    Some(
        view! {
            <div class="fact section">
                <section aria-labelledby="freshness">
                    <h3 id="freshness">"Freshness of what came back"</h3>
                    <Freshness
                        last_write=last_write
                        lost_at=lost_at
                        back_at=back_at
                        restore_ms=measured.restore_ms
                        rpo_ms=drill.plan.rpo_ms
                        verdict=drill.verdict.rpo
                    />
                    {by.map(|field| view! { <p class="foot">"The last write is told by " <code>{field}</code> "."</p> })}
                </section>
                <aside class="low" role="note">{seal}</aside>
            </div>
        }
        .into_any(),
    )
}

/// How the tenant was drawn, and the line that draws it again.
fn draw_section(drawn: &Draw, seal: AnyView) -> impl IntoView + use<> {
    let eligible = drawn.eligible.len();
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for out in &drawn.excluded {
        reasons.entry(out.why.as_str()).or_default().push(out.name.as_str());
    }
    let excluded = reasons
        .into_iter()
        .map(|(why, names)| {
            let n = names.len();
            view! {
                <dt>{format!("Excluded, {n}")}</dt>
                <dd>{why.to_owned()} <span class="second">{names.join(", ")}</span></dd>
            }
        })
        .collect_view();
    let provable = match (&drawn.root, drawn.seq) {
        (Some(root), seq) => {
            let place =
                seq.map(|seq| view! { ", entry " <a href=format!("/ledger?around={seq}")>{format!("№ {seq}")}</a> });
            let recipe = draw::recipe(&drawn.eligible, root, &drawn.public_value);
            view! {
                <dl class="pairs">
                    <dt>"Sealed before the draw"</dt>
                    <dd>"the eligible list" {place} ", digest " <code class="digest">{words::short_digest(&drawn.eligible_digest)}</code></dd>
                    <dt>"Seed"</dt>
                    <dd>
                        "ledger root " <code class="digest">{words::short_digest(root)}</code> " and public value "
                        <code>{drawn.public_value.clone()}</code> ": " <code class="digest">{words::short_digest(&drawn.seed)}</code>
                    </dd>
                    <dt>{format!("Eligible, {eligible}")}</dt>
                    <dd><code>{drawn.eligible.join(" ")}</code></dd>
                    {excluded}
                </dl>
                <p class="foot">
                    "Anyone can draw again; the last word printed is " <code>{drawn.chosen.clone()}</code> ". "
                    <button type="button" class="plain" hidden data-copy-from="#draw-recipe">"Copy"</button>
                </p>
                <pre class="shell-recipe" id="draw-recipe" tabindex="0">{recipe}</pre>
            }
            .into_any()
        }
        (None, _) => view! {
            <p class="foot">
                <StateMark state=Shape::Ring word="not provable" />
                " No portal sealed the eligible list before this draw, so it proves nothing."
            </p>
            <dl class="pairs">
                <dt>{format!("Eligible, {eligible}")}</dt>
                <dd><code>{drawn.eligible.join(" ")}</code></dd>
                {excluded}
            </dl>
        }
        .into_any(),
    };
    view! {
        <Section title="The draw">
            <div class="fact">
                <div>{provable}</div>
                <aside class="low" role="note">{seal}</aside>
            </div>
        </Section>
    }
}

/// What was restored, whereto, and how long the copy stood.
fn source(drill: &Drill, seal: AnyView) -> impl IntoView + use<> {
    let exposed = drill.exposure.as_ref().map(exposure);
    let isolated_why = drill.target.why.clone();
    let isolation = if drill.target.isolated {
        view! { <StateMark state=Shape::Disc word="another database than the source" /> }
    } else {
        view! { <StateMark state=Shape::Square word="not shown to be another database" /> }
    };
    let point = drill.source.recovery_point.clone();
    let (kind, taken_at) = (drill.source.kind.clone(), drill.source.taken_at);
    let environment = drill.target.environment.clone();
    let times = drill.learned_at.map(|learned| {
        let happened = drill.occurred_at;
        view! {
            <dt>"Two times"</dt>
            <dd>"happened " <When at=happened /> ", learned " <When at=learned /> " UTC"</dd>
        }
    });
    view! {
        <Section title="Source and staging">
            <div class="fact">
                <dl class="pairs">
                    <dt>"Recovery point"</dt>
                    <dd><code>{point}</code> ", " {kind} ", taken " <When at=taken_at /> " UTC"</dd>
                    <dt>"Staging"</dt>
                    <dd><code>{environment}</code> <span class="second">{isolation} {isolated_why.map(|why| view! { <span class="second">{why}</span> })}</span></dd>
                    {exposed}
                    {times}
                </dl>
                <aside class="low" role="note">{seal}</aside>
            </div>
        </Section>
    }
}

fn exposure(exposure: &Exposure) -> impl IntoView + use<> {
    let said = match exposure.until {
        Some(until) => view! {
            {words::duration(until.since(exposure.from))} ", until " <When at=until show=words::time(until) /> " UTC"
        }
        .into_any(),
        None => view! { <StateMark state=Shape::Square word="the copy still exists" /> }.into_any(),
    };
    view! {
        <dt>"The copy stood"</dt>
        <dd>{said} <span class="second">{exposure.proof.clone()}</span></dd>
    }
}

fn people(drill: &Drill, seal: AnyView) -> impl IntoView + use<> {
    let mut seal = Some(seal);
    let nobody = drill.people.is_empty();
    let rows = drill
        .people
        .iter()
        .map(|person| {
            view! {
                <tr>
                    <th scope="row">{person.name.clone()}</th>
                    <td>{person.role.clone()}</td>
                    <td class="sl">{seal.take()}</td>
                </tr>
            }
        })
        .collect_view();
    let by = drill.by.clone();
    let demo = drill.demo;
    if nobody {
        return view! {
            <Section title="Who took part">
                <p class="foot measure-width">"Run by " {by} "; nobody is named in the record. " <Demo demo=demo /></p>
            </Section>
        }
        .into_any();
    }
    view! {
        <Section title="Who took part" over_table=true>
            <table class="table">
                <thead>
                    <tr>
                        <th class="w-35" scope="col"><span class="unseen">"Name"</span></th>
                        <th scope="col">"Role"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">"Recorded by " {by} "."</p>
        </Section>
    }
    .into_any()
}
