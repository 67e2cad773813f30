//! A lease: acquired and released over and over.

use crate::contend::serve::{Contend, Done};
use crate::contend::side::Side;
use crate::peers::protocol::Request;
use anyhow::{Result, ensure};

pub(crate) struct Lease {
    side: Side,
    /// The last token that was granted.
    last: u64,
}

impl Lease {
    pub(crate) fn new(side: Side) -> Self {
        Self { side, last: 0 }
    }
}

impl Contend for Lease {
    type Prepared = ();

    fn prepare(&mut self, _: &Request) -> Result<()> {
        Ok(())
    }

    fn run(&mut self, request: &Request, (): ()) -> Result<Done> {
        let Side { session, holder, durability } = &mut self.side;
        for _ in 0..request.n {
            let token = session.lease_acquire("bench", holder, *durability)?;
            ensure!(token > self.last, "token {token} was granted after {}", self.last);
            session.lease_release("bench", token, *durability)?;
            self.last = token;
        }
        Ok(Done::now(Vec::new()))
    }
}
