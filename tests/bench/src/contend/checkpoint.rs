//! A checkpoint: one run's content is saved and loaded, over and over.

use crate::contend::serve::{Contend, Done};
use crate::contend::side::Side;
use crate::peers::protocol::{Request, payload};
use anyhow::{Context, Result, ensure};
use leasehold::SaveOptions;

const RUN: &str = "bench";

pub(crate) struct Checkpoint {
    side: Side,
}

impl Checkpoint {
    pub(crate) fn new(side: Side) -> Self {
        Self { side }
    }
}

impl Contend for Checkpoint {
    type Prepared = Vec<Vec<u8>>;

    fn prepare(&mut self, request: &Request) -> Result<Self::Prepared> {
        Ok((request.first..request.first + request.n).map(|number| payload(number, request.payload)).collect())
    }

    fn run(&mut self, request: &Request, contents: Self::Prepared) -> Result<Done> {
        let mut loaded = Vec::with_capacity(request.n);
        for content in contents {
            self.side.session.checkpoint_save(RUN, &content, &SaveOptions::default(), self.side.durability)?;
            let run = self.side.session.checkpoint_load(RUN, None)?.context("the run is gone")?;
            ensure!(run.content == content, "what was loaded is not what was saved");
            loaded.push(run.content);
        }
        Ok(Done::now(loaded))
    }
}
