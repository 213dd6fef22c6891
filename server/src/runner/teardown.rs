//! The end of a drill, however it ended: the copy is taken away and looked for, and so is what was lost on purpose.

use anyhow::Result;
use domain::drill::{Check, CheckId, CheckVerdict, StepId};

use super::{Run, another, isolation, now, restorer::Gone};

impl Run<'_> {
    pub(super) async fn tear_down(&mut self) {
        let canary = self.clear().await;
        if self.drill.exposure.is_none() {
            // Nothing was restored; what stays in the source must still be told.
            if let (Some(left), Some(why)) = (canary, &mut self.drill.abandoned) {
                *why = format!("{why}; {left}");
                self.judge();
            }
            return;
        }
        let begun = self.begin(StepId::TearDown);
        let (mut verdict, mut proof) = match self.gone().await {
            Ok(Ok(proof)) => (CheckVerdict::Passes, proof),
            Ok(Err(still)) => (CheckVerdict::Fails, still),
            Err(e) => (CheckVerdict::NotRun, format!("the target did not answer: {e:#}")),
        };
        if let Some(exposure) = &mut self.drill.exposure {
            exposure.proof.clone_from(&proof);
            exposure.until = (verdict == CheckVerdict::Passes).then(now);
        }
        let mut actual = match verdict {
            CheckVerdict::Passes => "gone",
            CheckVerdict::Fails => "still there",
            CheckVerdict::NotRun => "not known",
        };
        if let Some(left) = canary {
            (verdict, actual) = (CheckVerdict::Fails, "something is left");
            proof = format!("{proof}; {left}");
        }
        if self.drill.abandoned.is_none() {
            self.drill.checks.push(Check {
                id: CheckId::TearDown,
                expected: "gone".to_owned(),
                actual: actual.to_owned(),
                verdict,
                detail: proof.clone(),
            });
        }
        self.end(begun, proof);
    }

    /// What is left in the source, if anything may be.
    async fn clear(&mut self) -> Option<String> {
        let canary = self.canary.take()?;
        let cleared = canary.clear().await;
        cleared
            .err()
            .map(|e| format!("the drill’s own document may still be in the source ({}): {e:#}", canary.place()))
    }

    /// How it was shown that the copy is gone, or what is still there; `Err`: nobody knows.
    async fn gone(&mut self) -> Result<Result<String, String>> {
        let Some(restorer) = &mut self.restorer else {
            self.copy.drop().await?;
            let names = self.copy.client().list_database_names().await?;
            let name = self.copy.name();
            return Ok(if names.iter().any(|n| n == name) {
                Err(format!("{name} is still listed"))
            } else {
                Ok(format!("{name} is not among the target's databases"))
            });
        };
        let said = match restorer.tear_down().await? {
            Gone::Shown(proof) => return Ok(Ok(proof)),
            Gone::No(why) => return Ok(Err(why)),
            Gone::Said(said) => Some(said),
            Gone::Databases => {
                isolation::look(self.plan, self.copy.client()).await?;
                let held = another::held(self.copy.client()).await?;
                if !self.was_empty && !held.is_empty() {
                    let why =
                        "nothing was dropped: the target did not answer before the restore, so nobody saw it empty";
                    return Ok(Err(format!("{} are on {}; {why}", held.join(", "), self.plan.target_host())));
                }
                for name in held {
                    self.copy.client().database(&name).drop().await?;
                }
                None
            }
        };
        let left = another::held(self.copy.client()).await;
        let host = self.plan.target_host();
        Ok(match (said, left) {
            (said, Ok(left)) if !left.is_empty() => {
                let said = said.map(|said| format!("{said}, but ")).unwrap_or_default();
                Err(format!("{said}{} are still on {host}", left.join(", ")))
            }
            (Some(said), Ok(_)) => Ok(format!("{said}; no tenant’s database is on {host}")),
            (None, Ok(_)) => Ok(format!("no tenant’s database is on {host}")),
            (Some(said), Err(_)) => Ok(format!("{said}; {host} no longer answers")),
            (None, Err(e)) => return Err(e),
        })
    }
}
