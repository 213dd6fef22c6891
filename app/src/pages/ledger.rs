//! The ledger: tampering first, then the signed head, the entries, and folding it all again oneself.

use domain::{
    record::{Alarm, Entry, Head, Unread},
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    api::ledger::{Earlier, LedgerPage, ROWS, load},
    islands::refold::Refold,
    parts::{
        Digest, Empty, PageHead, Pager, Say, SealMark, Section, Shape, StateMark, Statement, When, loaded, plural,
    },
};

/// Folds both downloads with nothing but Python; a level with an odd end carries it up (RFC 6962).
const BY_HAND: &str = "\
python3 - entries checkpoint <<'EOF'
import base64, hashlib, sys
sha = lambda data: hashlib.sha256(data).digest()
origin, size, root = open(sys.argv[2]).read().split('\\n')[:3]
lines = open(sys.argv[1], 'rb').read().splitlines()[:int(size)]
level = [sha(b'\\0' + line) for line in lines]
while len(level) > 1:
    pairs = range(0, len(level), 2)
    level = [sha(b'\\1' + level[i] + level[i + 1]) if i + 1 < len(level) else level[i] for i in pairs]
same = len(lines) == int(size) and base64.b64encode(level[0]).decode() == root
print('the same root' if same else 'DIFFERS')
EOF";

#[component]
pub fn Ledger() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("ledger", async move { load(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(mut page: LedgerPage) -> impl IntoView {
    let n = page.alarms.len();
    let statement = match (n, page.checked_at) {
        (0, Some(at)) => {
            let says = format!(", checked at {} UTC on {}.", at.utc().format("%H:%M"), words::long_date(at));
            view! { <Say state=Shape::Disc words="Every sealed record" /> " equals what was sealed" {says} }.into_any()
        }
        (0, None) => view! {
            <Say state=Shape::Ring words="Not compared yet" />
            ": the sealed records have not been compared with the database since the portal started."
        }
        .into_any(),
        (n, _) => {
            let words = if n == 1 {
                "One sealed record".to_owned()
            } else {
                format!("{} sealed records", words::capital(&words::number(n)))
            };
            let verb = if n == 1 { " is" } else { " are" };
            view! { <Say state=Shape::Square words=words /> {verb} " no longer what was sealed. The ledger itself still holds the digests of what they were." }.into_any()
        }
    };
    let head = page.head.clone();
    let (origin, vkey, key) = (page.origin.clone(), page.vkey.clone(), page.vkey.clone());
    let mail = mail(&page.origin, &head);
    let earlier_keys = (!page.earlier_vkeys.is_empty()).then(|| {
        let keys = std::mem::take(&mut page.earlier_vkeys);
        let keys = keys.into_iter().map(|key| view! { <code class="digest">{key}</code> }).collect_view();
        view! { <dt>"Keys it had before"</dt> <dd>{keys}</dd> }
    });
    let earlier = view! { <EarlierHead earlier=page.earlier.take() size=head.size /> };
    let outside = match page.outside_time.take() {
        None => view! { "Self-asserted: no outside authority has stamped this ledger." }.into_any(),
        Some(stamp) => view! {
            {format!("{} existed on ", plural_count(stamp.size))}
            <When at=stamp.at show=stamp.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() />
            {format!(", says {}.", stamp.authority)}
        }
        .into_any(),
    };
    let last = head.size.saturating_sub(1);
    let margin = view! {
        <div class="seal still record">
            <SealMark />
            <div class="seal-text">
                <span>"Tree head"</span>
                <span><When at=head.at show=head.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></span>
                <span class="no">{format!("№ {last} · {}", words::short_digest(&head.root))}</span>
            </div>
        </div>
    }
    .into_any();
    view! {
        <PageHead eyebrow=|| "The append-only log behind every seal" title="Ledger" margin="Tree head">
            <a class="button" href="/ledger/checkpoint" download="checkpoint">"Download the checkpoint"</a>
        </PageHead>
        <Statement margin=margin>{statement}</Statement>
        <Alarms alarms=page.alarms.clone() />
        <NoEvidence unread=page.unread.clone() />
        <Section title="Signed head">
            <div class="measure-width">
                <dl class="pairs">
                    <dt>"Size"</dt>
                    <dd>{plural_count(head.size)}</dd>
                    <dt>"Root"</dt>
                    <dd><Digest hex=head.root.clone() /></dd>
                    <dt>"Signed"</dt>
                    <dd><When at=head.at show=head.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></dd>
                    <dt>"Outside time"</dt>
                    <dd>{outside}</dd>
                    <dt>"Origin"</dt>
                    <dd><code>{origin}</code></dd>
                    <dt>"Verifier key"</dt>
                    <dd>
                        <a href="/evidence/log.vkey"><code class="digest">{key}</code></a>
                        <span class="second">"Compare it with the copy you were given when the audit began."</span>
                    </dd>
                    {earlier_keys}
                </dl>
                <pre class="shell-recipe" tabindex="0" aria-label="Checkpoint">{head.checkpoint.clone()}</pre>
                <p class="foot">
                    "A signed note of C2SP form, Ed25519. "
                    <a href="/ledger/checkpoint" download="checkpoint">"checkpoint"</a>
                    ", "
                    <a href="/ledger/entries" download="entries">"entries"</a>
                    " (one JSON line each; a leaf is the line’s bytes)."
                </p>
                <p>
                    <a class="button" href=mail>"Mail the checkpoint"</a>
                    <span class="second">
                        "The cheapest witness: three lines in an auditor’s mailbox, which no one here can take back. They hold it against a later ledger below."
                    </span>
                </p>
            </div>
        </Section>
        <Section title="Fold it yourself">
            <div class="measure-width">
                <p>
                    "The root above is folded from every entry below. Your own device can fold them again and compare; nothing is sent anywhere."
                </p>
                <Refold vkey=vkey />
                <details class="by-hand">
                    <summary>"In a shell, with both files downloaded"</summary>
                    <pre class="shell-recipe" id="by-hand" tabindex="0" aria-label="Shell recipe">{BY_HAND}</pre>
                    <p><button type="button" class="button" hidden data-copy-from="#by-hand">"Copy the lines"</button></p>
                </details>
            </div>
        </Section>
        {earlier}
        <Entries page=page />
    }
}

/// A message with the signed head, to be sent with the reader's own mail program (RFC 6068).
fn mail(origin: &str, head: &Head) -> String {
    let body = format!(
        "Please keep this message. It holds the signed head of our evidence ledger, {} entries, {} UTC.\r\n\
         Pasted on the ledger's page later, it shows whether anything was rewritten since.\r\n\r\n{}",
        head.size,
        words::date_time(head.at),
        head.checkpoint.replace('\n', "\r\n"),
    );
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("mailto:?subject={}&body={}", encoded(&format!("Checkpoint of {origin}")), encoded(&body))
}

/// Where an earlier checkpoint is pasted, and what became of it.
#[component]
fn EarlierHead(earlier: Option<(String, Earlier)>, size: u64) -> impl IntoView {
    let (pasted, found) = earlier.unzip();
    let found = found.map(|found| {
        let (shape, words, says) = match &found {
            Earlier::Beginning { size: old, .. } if *old == size => (
                Shape::Disc,
                "the same head",
                format!("Nothing was appended since: it is signed over the same {}, with the same root.", plural_count(size)),
            ),
            Earlier::Beginning { size: old, .. } => (
                Shape::Disc,
                "nothing rewritten",
                format!(
                    "The {} of your checkpoint are the beginning of today’s {}, unaltered and in the same order.",
                    plural_count(*old),
                    words::count(i64::try_from(size).unwrap_or(i64::MAX)),
                ),
            ),
            Earlier::Nothing => (
                Shape::Ring,
                "says nothing",
                "It was signed over an empty ledger, which is the beginning of any other. Compare a later one.".to_owned(),
            ),
            Earlier::Fork { size: old } => (
                Shape::Square,
                "rewritten",
                format!(
                    "This log signed your checkpoint, and its {} are not the beginning of today’s ledger: entries were changed, left out or exchanged. Keep your copy and download today’s checkpoint; the two signatures together prove it.",
                    plural_count(*old)
                ),
            ),
            Earlier::Shrunk { size: old } => (
                Shape::Square,
                "cut short",
                format!(
                    "This log signed your checkpoint over {}, and today’s head counts {}: entries were removed. Keep your copy and download today’s checkpoint; the two signatures together prove it.",
                    plural_count(*old),
                    words::count(i64::try_from(size).unwrap_or(i64::MAX)),
                ),
            ),
            Earlier::NotOurs(why) => (
                Shape::Ring,
                "not compared",
                format!("This is no checkpoint of this log: {why}. Paste all of it, from the log’s name to the line that begins with a dash."),
            ),
        };
        let proof = match found {
            Earlier::Beginning { proof, .. } if !proof.is_empty() => proof,
            _ => Vec::new(),
        };
        let proof = (!proof.is_empty()).then(|| {
            view! {
                <details class="by-hand">
                    <summary>"The hashes that show it (RFC 9162, section 2.1.4)"</summary>
                    <pre class="shell-recipe" tabindex="0" aria-label="Consistency proof">{proof.join("\n")}</pre>
                </details>
            }
        });
        view! {
            <div class="compared" role="status">
                <p><StateMark state=shape word=words /> " " {says}</p>
                {proof}
            </div>
        }
    });
    view! {
        <Section title="Compare an earlier head" id="earlier">
            <form class="measure-width earlier" method="get" action="/ledger#earlier">
                <p id="earlier-how">
                    "Whoever kept a checkpoint of this ledger can see here that nothing before it was rewritten. To see it without trusting this page, run the lines under “In a shell” with your checkpoint in place of today’s."
                </p>
                <label for="earlier-note">"The checkpoint you kept"</label>
                <textarea id="earlier-note" name="earlier" rows="6" required spellcheck="false" autocomplete="off" aria-describedby="earlier-how">
                    {pasted.unwrap_or_default()}
                </textarea>
                <p><button type="submit" class="button">"Compare with today’s head"</button></p>
                {found}
            </form>
        </Section>
    }
}

fn plural_count(n: u64) -> String {
    format!("{} {}", words::count(i64::try_from(n).unwrap_or(i64::MAX)), if n == 1 { "entry" } else { "entries" })
}

#[component]
fn Alarms(alarms: Vec<Alarm>) -> impl IntoView {
    (!alarms.is_empty()).then(|| {
        let note = plural(alarms.len(), "record", "records");
        let rows = alarms
            .into_iter()
            .map(|alarm| {
                view! {
                    <tr>
                        <th scope="row"><a href=format!("/ledger?around={}", alarm.seq)>{format!("№ {}", alarm.seq)}</a></th>
                        <td><code>{alarm.id}</code><span class="second">{alarm.coll}</span></td>
                        <td class="state-cell"><StateMark state=Shape::Square word=alarm.what.word() /></td>
                        <td>"noticed "<When at=alarm.at show=alarm.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Section title="Tampering found" note=note>
                <div class="measure-width alarms">
                    <table class="table">
                        <thead class="unseen">
                            <tr>
                                <th class="w-10" scope="col">"Entry"</th>
                                <th scope="col">"Record"</th>
                                <th class="w-25" scope="col">"What happened"</th>
                                <th class="w-25" scope="col">"Since"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <p class="foot">
                        "Somebody wrote to the database behind the portal’s back. Who it was cannot be known from here; the sealed digest shows only that the record is not the one that was sealed. Restore it from a recovery point and compare its digest with the entry’s."
                    </p>
                </div>
            </Section>
        }
    })
}

#[component]
fn NoEvidence(unread: Vec<Unread>) -> impl IntoView {
    (!unread.is_empty()).then(|| {
        let note = plural(unread.len(), "record", "records");
        let rows = unread
            .into_iter()
            .map(|record| {
                let place = match record.seq {
                    Some(seq) => view! { <a href=format!("/ledger?around={seq}")>{format!("№ {seq}")}</a> }.into_any(),
                    None => view! { <StateMark state=Shape::Square word="not sealed" /> }.into_any(),
                };
                view! {
                    <tr>
                        <th scope="row">{place}</th>
                        <td><code>{record.id}</code><span class="second">{record.coll}</span></td>
                        <td>{words::capital(&record.why)}"."</td>
                        <td>"noticed "<When at=record.at show=record.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Section title="Records that count as no evidence" note=note>
                <div class="measure-width alarms">
                    <table class="table">
                        <thead class="unseen">
                            <tr>
                                <th class="w-15" scope="col">"Entry"</th>
                                <th class="w-25" scope="col">"Record"</th>
                                <th scope="col">"Why"</th>
                                <th class="w-25" scope="col">"Since"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <p class="foot">
                        "They lie in the database as they were written, and stop no other record. Mend the program that writes them: a corrected record is a new one."
                    </p>
                </div>
            </Section>
        }
    })
}

#[component]
fn Entries(page: LedgerPage) -> impl IntoView {
    let LedgerPage { entries, alarms, around, newest_page, head, .. } = page;
    let (newest, oldest) = (entries.first().map(|e| e.seq), entries.last().map(|e| e.seq));
    let (Some(newest), Some(oldest)) = (newest, oldest) else {
        return view! {
            <Section title="Entries"><Empty sentence="The ledger holds nothing yet." /></Section>
        }
        .into_any();
    };
    let rows = entries
        .into_iter()
        .map(|entry| {
            let alarm = alarms.iter().find(|a| a.seq == entry.seq).map(|a| a.what.word());
            let here = (around == Some(entry.seq)).then_some("selected");
            view! { <Row entry=entry alarm=alarm here=here /> }
        })
        .collect_view();
    let first = (!newest_page).then(|| "/ledger#entries".to_owned());
    let next = (oldest > 0).then(|| format!("/ledger?before={oldest}#entries"));
    let full = ROWS;
    view! {
        <Section title="Entries" over_table=true id="entries">
            <div class="measure-width">
                <table class="table tight ledger-entries dated">
                    <thead>
                        <tr>
                            <th class="w-8" scope="col"><span class="unseen">"Index"</span></th>
                            <th class="w-18" scope="col">"Learned, UTC"</th>
                            <th class="w-8" scope="col">"Kind"</th>
                            <th scope="col">"Record"</th>
                            <th class="w-35" scope="col">"SHA-256 of the record"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Pager
                says=format!("№ {newest} to № {oldest} of {}, {full} a page.", plural_count(head.size))
                first=first
                next=next
            />
        </Section>
    }
    .into_any()
}

#[component]
fn Row(entry: Entry, alarm: Option<&'static str>, here: Option<&'static str>) -> impl IntoView {
    let at = entry.at.get(..19).map_or_else(|| entry.at.clone(), |t| t.replace('T', " "));
    let name = view! { <code>{entry.id.clone()}</code> };
    let name = match entry.coll.as_str() {
        "backup_drill_results" => view! { <a href=format!("/drills/{}", entry.id)>{name}</a> }.into_any(),
        "findings" => view! { <a href=format!("/findings#{}", entry.id)>{name}</a> }.into_any(),
        "gaps" => view! { <a href=format!("/backups#{}", entry.id)>{name}</a> }.into_any(),
        _ => name.into_any(),
    };
    let alarm = alarm.map(|word| view! { <span class="second"><StateMark state=Shape::Square word=word /></span> });
    view! {
        <tr id=format!("e{}", entry.seq) class=here>
            <th scope="row">{format!("№ {}", entry.seq)}</th>
            <td><time datetime=entry.at.clone() class="mono">{at}</time></td>
            <td class="state-cell">{entry.kind.word()}</td>
            <td>{name}<span class="second">{entry.coll}</span>{alarm}</td>
            <td><Digest hex=entry.sha256 /></td>
        </tr>
    }
}
