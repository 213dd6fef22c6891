//! The way from a page's script to the rules: text in, text out.

use domain::{
    Moment,
    incident::{Act, Acted, Incident, incidents, write::Pen},
    kit::{Envelope, Opened, unwire, wire},
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::View;

/// A kit that was checked, and the acts this device knows.
#[wasm_bindgen]
pub struct Phone {
    opened: Opened,
    acts: Vec<Acted>,
    view: View,
}

#[wasm_bindgen]
impl Phone {
    /// Checks a kit; `root`: the fingerprint of the root certificate this device saw first. `Err` says what does not
    /// hold.
    #[wasm_bindgen(constructor)]
    pub fn new(envelope: &str, root: Option<String>) -> Result<Self, String> {
        let envelope: Envelope = unwire(envelope).map_err(|e| format!("it does not read as a kit: {e}"))?;
        let opened = envelope.open(root.as_deref()).map_err(|e| e.to_string())?;
        Ok(Self { opened, acts: Vec::new(), view: View::default() })
    }

    pub fn root(&self) -> String {
        self.opened.root.clone()
    }

    pub fn version(&self) -> String {
        self.opened.version.version.clone()
    }

    /// When the kit was made, in milliseconds since 1970.
    pub fn made(&self) -> f64 {
        self.opened.kit.made_at.millis() as f64
    }

    /// A JSON array of acts with their seals, in place of all before.
    pub fn know(&mut self, acts: &str) -> Result<(), String> {
        self.acts = unwire(acts).map_err(|e| e.to_string())?;
        Ok(())
    }

    /// Which incident is looked at; empty: the newest that is open.
    pub fn look_at(&mut self, incident: &str) {
        self.view = View { incident: Some(incident.to_owned()).filter(|id| !id.is_empty()), refused: None };
    }

    pub fn draw(&self, now: f64) -> String {
        crate::emergency(&self.opened.kit, &self.incidents(), &self.view, moment(now))
    }

    pub fn runbook(&self) -> String {
        crate::runbook(&self.opened)
    }

    /// The act that a form asks for, as JSON; `None`: the rules refuse it, and the next drawing says why.
    ///
    /// `device_now`: the device's own clock; `ahead`: how far the portal's was ahead of it when they last spoke.
    #[allow(clippy::too_many_arguments)]
    pub fn write(
        &mut self,
        form: &str,
        device: &str,
        number: u32,
        by: &str,
        offline: bool,
        device_now: f64,
        ahead: f64,
    ) -> Option<String> {
        let form: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        let pen = Pen { device: device.to_owned(), number, by: by.to_owned(), offline };
        let now = moment(device_now + ahead);
        match domain::incident::write::write(&form, &self.opened.kit, &self.incidents(), &pen, now) {
            Ok(act) => {
                let act = Act { device_at: moment(device_now), ..act };
                // What was declared is looked at.
                self.view = View { incident: Some(act.incident.clone()), refused: None };
                Some(wire(&act))
            }
            Err(refusal) => {
                self.view.refused = Some((refusal, form));
                None
            }
        }
    }

    fn incidents(&self) -> Vec<Incident> {
        incidents(self.acts.clone())
    }
}

fn moment(ms: f64) -> Moment {
    Moment::from_millis(ms as i64).unwrap_or(Moment::EPOCH)
}
