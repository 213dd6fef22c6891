//! Texts that are ready when they are needed: for the tenants and for the status page.

use domain::{Moment, incident::Incident, kit::Kit, words};

pub fn tenants(kit: &Kit, incident: &Incident) -> String {
    let what = incident.what.trim_end_matches('.');
    let lost = incident.lost_at.map_or(String::new(), |at| format!(" at {} UTC", words::date_time(at)));
    let by = expected(incident)
        .map_or(String::new(), |at| format!(" We expect it to be back by {} UTC.", words::date_time(at)));
    let missing = incident.point.as_ref().map_or(String::new(), |(_, taken_at)| {
        format!(" What was written after {} UTC may be missing; we will say exactly what.", words::date_time(*taken_at))
    });
    format!(
        "On our side, data was lost{lost}: {what}. We are restoring it from a backup, to a place of its own first.{by}{missing} \
         You need do nothing. The next word comes within the hour.\n\n{}",
        kit.company
    )
}

pub fn status(incident: &Incident) -> String {
    let by = expected(incident)
        .map_or(String::new(), |at| format!(" We expect to be done by {} UTC.", words::date_time(at)));
    format!(
        "Restoring data. Since {} UTC we are restoring data that was lost.{by} The next word comes within the hour.",
        words::date_time(incident.declared_at)
    )
}

fn expected(incident: &Incident) -> Option<Moment> {
    Some(incident.declared_at.plus_millis(incident.promise.rto_ms?))
}
