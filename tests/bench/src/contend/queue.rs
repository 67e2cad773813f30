//! Tasks: pushed, claimed, finished.

use crate::contend::serve::{Contend, Done};
use crate::contend::side::Side;
use crate::peers::protocol::{Op, Request, clock, payload};
use anyhow::{Result, bail, ensure};
use leasehold::{ClaimedTask, NewTask, OnDuplicate};
use std::thread;
use std::time::Duration;

const QUEUE: &str = "bench";
/// How long a life looks for a task that has to be there.
const PATIENCE_SECONDS: f64 = 20.0;

pub(crate) struct Queue {
    side: Side,
}

impl Queue {
    pub(crate) fn new(side: Side) -> Self {
        Self { side }
    }

    fn push(&mut self, payloads: &[Vec<u8>]) -> Result<()> {
        let tasks: Vec<NewTask<'_>> =
            payloads.iter().map(|payload| NewTask { payload, ..NewTask::default() }).collect();
        self.side.session.queue(QUEUE)?.push(&tasks, OnDuplicate::Refuse, self.side.durability)?;
        Ok(())
    }

    fn claim(&mut self, most: usize) -> Result<Vec<ClaimedTask>> {
        let Side { session, holder, durability } = &mut self.side;
        Ok(session.queue(QUEUE)?.claim(holder, u32::try_from(most)?, None, *durability)?)
    }

    fn finish(&mut self, tasks: Vec<ClaimedTask>, payloads: &mut Vec<Vec<u8>>) -> Result<()> {
        let queue = &mut self.side.session.queue(QUEUE)?;
        match tasks.as_slice() {
            [task] => queue.done(&task.receipt, None, self.side.durability)?,
            many => {
                let receipts: Vec<&str> = many.iter().map(|task| task.receipt.as_str()).collect();
                let lost = queue.done_all(&receipts, self.side.durability)?;
                ensure!(lost.is_empty(), "{} claims were lost", lost.len());
            }
        }
        payloads.extend(tasks.into_iter().map(|task| task.payload));
        Ok(())
    }

    /// Until there are no more: what two looks in a row did not find is not there.
    fn drain(&mut self, request: &Request) -> Result<Done> {
        let (mut payloads, mut idle, mut ended) = (Vec::new(), 0, clock());
        while payloads.len() < request.most && idle < 2 {
            let tasks = self.claim(request.batch.min(request.most - payloads.len()))?;
            if tasks.is_empty() {
                idle += 1;
                thread::sleep(Duration::from_millis(2));
                continue;
            }
            idle = 0;
            self.finish(tasks, &mut payloads)?;
            ended = clock();
        }
        Ok(Done { ended, payloads })
    }

    fn lives(&mut self, new: &[Vec<u8>], batch: usize) -> Result<Done> {
        let mut payloads = Vec::new();
        for some in new.chunks(batch) {
            self.push(some)?;
            let (mut missing, until) = (some.len(), clock() + PATIENCE_SECONDS);
            while missing > 0 && clock() < until {
                let tasks = self.claim(missing)?;
                missing -= tasks.len();
                self.finish(tasks, &mut payloads)?;
            }
        }
        Ok(Done::now(payloads))
    }
}

impl Contend for Queue {
    type Prepared = Vec<Vec<u8>>;

    fn prepare(&mut self, request: &Request) -> Result<Self::Prepared> {
        Ok((request.first..request.first + request.n).map(|number| payload(number, request.payload)).collect())
    }

    fn run(&mut self, request: &Request, new: Self::Prepared) -> Result<Done> {
        match request.op {
            Op::Push => {
                for some in new.chunks(request.batch) {
                    self.push(some)?;
                }
                Ok(Done::now(Vec::new()))
            }
            Op::Work => self.drain(request),
            Op::Life => self.lives(&new, request.batch),
            other => bail!("{other:?} is nothing that a queue does"),
        }
    }
}
