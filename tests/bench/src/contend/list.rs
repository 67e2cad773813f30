//! A task list: tasks are created, claimed by their ids, completed; one a call.

use crate::contend::serve::{Contend, Done};
use crate::contend::side::Side;
use crate::peers::protocol::{Op, Request};
use anyhow::{Result, bail, ensure};
use leasehold::tasklist::{Claim, NewTask, Status, Update};

const LIST: &str = "bench";

pub(crate) struct List {
    side: Side,
    created: Vec<u64>,
    claimed: Vec<(u64, u64)>,
}

impl List {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, created: Vec::new(), claimed: Vec::new() }
    }
}

impl Contend for List {
    type Prepared = Vec<String>;

    fn prepare(&mut self, request: &Request) -> Result<Self::Prepared> {
        Ok((0..request.n).map(|n| format!("task {}", request.first + n)).collect())
    }

    fn run(&mut self, request: &Request, subjects: Self::Prepared) -> Result<Done> {
        let Side { session, holder, durability } = &mut self.side;
        match request.op {
            Op::Create => {
                for subject in &subjects {
                    let task = NewTask { subject, ..NewTask::default() };
                    self.created.extend(session.task_create(LIST, &[task], Some("bench"), *durability)?);
                }
            }
            Op::Claim => {
                for id in self.created.drain(..) {
                    match session.task_claim(LIST, id, holder, false, *durability)? {
                        Claim::Ok { token, task } if task.id == id => self.claimed.push((id, token)),
                        other => bail!("the claim of {id} came to {other:?}"),
                    }
                }
            }
            Op::Complete => {
                for (id, token) in self.claimed.drain(..) {
                    let done = Update { status: Some(Status::Completed), token: Some(token), ..Update::default() };
                    let updated = session.task_update(LIST, id, &done, Some("bench"), *durability)?;
                    ensure!(updated.task.status == Status::Completed, "{id} is {:?}", updated.task.status);
                }
            }
            other => bail!("{other:?} is nothing that a list does"),
        }
        Ok(Done::now(Vec::new()))
    }
}
