//! `leasehold:store/holders`.

use crate::Component;
use crate::bindings::exports::leasehold::store::holders as wit;
use crate::bindings::exports::leasehold::store::types::{Durability, Error};
use crate::directory::WasiDirectory;
use crate::stores;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use leasehold_core::holder::{Holder, HolderState};

/// The resource `holder`.
pub(crate) struct ExportedHolder(pub(crate) Holder<WasiDirectory>);

impl ExportedHolder {
    fn handle(holder: Holder<WasiDirectory>) -> wit::Holder {
        wit::Holder::new(Self(holder))
    }
}

impl wit::Guest for Component {
    type Holder = ExportedHolder;

    fn list() -> Result<Vec<wit::HolderState>, Error> {
        let holders = stores::holders()?.list()?;
        Ok(holders.into_iter().map(Into::into).collect())
    }
}

impl wit::GuestHolder for ExportedHolder {
    fn open(name: String, ttl: u64, durability: Durability) -> Result<wit::Holder, Error> {
        let holder = stores::holders()?.open(&name, ttl, durability.into())?;
        Ok(Self::handle(holder))
    }

    fn attach(name: String, durability: Durability) -> Result<wit::Holder, Error> {
        let holder = stores::holders()?.attach(&name, durability.into())?;
        Ok(Self::handle(holder))
    }

    fn ensure(name: String, ttl: u64, durability: Durability) -> Result<wit::Holder, Error> {
        let holder = stores::holders()?.ensure(&name, ttl, durability.into())?;
        Ok(Self::handle(holder))
    }

    fn name(&self) -> String {
        self.0.name().to_string()
    }

    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    fn renew(&self, durability: Durability) -> Result<u64, Error> {
        Ok(self.0.renew(durability.into())?)
    }

    fn end(&self, durability: Durability) -> Result<(), Error> {
        Ok(self.0.end(durability.into())?)
    }
}

impl From<HolderState> for wit::HolderState {
    fn from(state: HolderState) -> Self {
        Self { name: state.name, epoch: state.epoch, until: state.until_ms, alive: state.alive }
    }
}
