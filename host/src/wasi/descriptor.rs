//! `wasi:filesystem/types`: files and directories.

use super::listing::collect;
use super::paths::{Place, resolve, resolve_entry};
use super::table::Open;
use super::turns::pause;
use super::{Descriptor, Listing, Wasi};
use crate::bindings::wasi::filesystem::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, Host, HostDescriptor, MetadataHashValue,
    NewTimestamp, OpenFlags, PathFlags,
};
use crate::bindings::wasi::io::error::Error as StreamError;
use crate::bindings::wasi::io::streams::{InputStream, OutputStream};
use leasehold_core::capability::{Directory, File};
use wasmtime::component::Resource;

/// The most that one read answers, in bytes; the component asks again for the rest.
const READ_BYTES_MAX: usize = 1024 * 1024;

type Answer<T> = Result<T, ErrorCode>;

impl<D: Directory> Wasi<D> {
    fn descriptor(&mut self, open: Open<D>) -> Answer<Resource<Descriptor>> {
        self.open.insert(open).map(Resource::new_own)
    }

    fn directory(&self, descriptor: &Resource<Descriptor>) -> Answer<&D> {
        self.open.directory(descriptor.rep())
    }

    fn file(&self, descriptor: &Resource<Descriptor>) -> Answer<&D::File> {
        self.open.file(descriptor.rep())
    }
}

impl<D: Directory> Host for Wasi<D> {
    fn filesystem_error_code(&mut self, _error: Resource<StreamError>) -> Option<ErrorCode> {
        None
    }
}

impl<D: Directory> HostDescriptor for Wasi<D> {
    fn open_at(
        &mut self,
        start: Resource<Descriptor>,
        _links: PathFlags,
        path: String,
        how: OpenFlags,
        access: DescriptorFlags,
    ) -> Answer<Resource<Descriptor>> {
        let start = self.directory(&start)?;
        let open = match resolve(start, &path)? {
            Place::Start => Open::Directory(start.clone()),
            Place::Entry(directory, name) => open_entry(&directory, name, how, access)?,
        };
        self.descriptor(open)
    }

    fn read(&mut self, file: Resource<Descriptor>, length: u64, offset: u64) -> Answer<(Vec<u8>, bool)> {
        let length = usize::try_from(length).unwrap_or(READ_BYTES_MAX).min(READ_BYTES_MAX);
        let file = self.open.file(file.rep())?;
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        let buffer = self.buffer.get_mut(..length).ok_or(ErrorCode::InsufficientMemory)?;
        let read = file.read_at(buffer, offset)?;
        let data = buffer.get(..read).ok_or(ErrorCode::Io)?;
        Ok((data.to_vec(), read == 0 && length > 0))
    }

    fn write(&mut self, file: Resource<Descriptor>, data: Vec<u8>, offset: u64) -> Answer<u64> {
        let written = self.file(&file)?.write_at(&data, offset)?;
        Ok(written as u64)
    }

    fn stat(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorStat> {
        match self.open.get(descriptor.rep())? {
            Open::File { file, .. } => Ok(file.metadata()?.into()),
            // A directory capability answers for what it holds, not for itself.
            Open::Directory(_) => Err(ErrorCode::Unsupported),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    fn stat_at(&mut self, start: Resource<Descriptor>, _links: PathFlags, path: String) -> Answer<DescriptorStat> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        Ok(directory.metadata(name)?.into())
    }

    fn rename_at(
        &mut self,
        start: Resource<Descriptor>,
        path: String,
        new_start: Resource<Descriptor>,
        new_path: String,
    ) -> Answer<()> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        let (new_directory, new_name) = resolve_entry(self.directory(&new_start)?, &new_path)?;
        let renamed = directory.rename(name, &new_directory, new_name);
        if start.rep() == new_start.rep() {
            pause(self.turns.swapped(&renamed));
        }
        Ok(renamed?)
    }

    fn link_at(
        &mut self,
        start: Resource<Descriptor>,
        _links: PathFlags,
        path: String,
        new_start: Resource<Descriptor>,
        new_path: String,
    ) -> Answer<()> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        let (new_directory, new_name) = resolve_entry(self.directory(&new_start)?, &new_path)?;
        Ok(directory.link(name, &new_directory, new_name)?)
    }

    fn unlink_file_at(&mut self, start: Resource<Descriptor>, path: String) -> Answer<()> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        Ok(directory.unlink(name)?)
    }

    fn create_directory_at(&mut self, start: Resource<Descriptor>, path: String) -> Answer<()> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        Ok(directory.create_dir(name)?)
    }

    fn remove_directory_at(&mut self, start: Resource<Descriptor>, path: String) -> Answer<()> {
        let (directory, name) = resolve_entry(self.directory(&start)?, &path)?;
        Ok(directory.remove_dir(name)?)
    }

    fn read_directory(&mut self, directory: Resource<Descriptor>) -> Answer<Resource<Listing>> {
        let entries = collect(self.directory(&directory)?)?;
        self.open.insert(Open::Listing(entries.into_iter())).map(Resource::new_own)
    }

    fn sync(&mut self, descriptor: Resource<Descriptor>) -> Answer<()> {
        self.turns.synced();
        match self.open.get(descriptor.rep())? {
            Open::File { file, .. } => Ok(file.sync()?),
            Open::Directory(directory) => Ok(directory.sync()?),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    fn sync_data(&mut self, descriptor: Resource<Descriptor>) -> Answer<()> {
        self.sync(descriptor)
    }

    fn get_type(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorType> {
        match self.open.get(descriptor.rep())? {
            Open::File { .. } => Ok(DescriptorType::RegularFile),
            Open::Directory(_) => Ok(DescriptorType::Directory),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    fn get_flags(&mut self, descriptor: Resource<Descriptor>) -> Answer<DescriptorFlags> {
        match self.open.get(descriptor.rep())? {
            Open::File { writable: true, .. } => Ok(DescriptorFlags::WRITE),
            Open::File { writable: false, .. } => Ok(DescriptorFlags::READ),
            Open::Directory(_) => Ok(directory_flags()),
            Open::Listing(_) => Err(ErrorCode::BadDescriptor),
        }
    }

    fn drop(&mut self, descriptor: Resource<Descriptor>) -> wasmtime::Result<()> {
        self.open.remove(descriptor.rep());
        Ok(())
    }

    fn is_same_object(&mut self, one: Resource<Descriptor>, other: Resource<Descriptor>) -> bool {
        one.rep() == other.rep()
    }

    // The core needs none of these, so the directory capability has none of them.

    fn read_via_stream(&mut self, _: Resource<Descriptor>, _: u64) -> Answer<Resource<InputStream>> {
        Err(ErrorCode::Unsupported)
    }

    fn write_via_stream(&mut self, _: Resource<Descriptor>, _: u64) -> Answer<Resource<OutputStream>> {
        Err(ErrorCode::Unsupported)
    }

    fn append_via_stream(&mut self, _: Resource<Descriptor>) -> Answer<Resource<OutputStream>> {
        Err(ErrorCode::Unsupported)
    }

    fn advise(&mut self, _: Resource<Descriptor>, _: u64, _: u64, _: Advice) -> Answer<()> {
        Err(ErrorCode::Unsupported)
    }

    fn set_size(&mut self, _: Resource<Descriptor>, _: u64) -> Answer<()> {
        Err(ErrorCode::Unsupported)
    }

    fn set_times(&mut self, _: Resource<Descriptor>, _: NewTimestamp, _: NewTimestamp) -> Answer<()> {
        Err(ErrorCode::Unsupported)
    }

    fn set_times_at(
        &mut self,
        _: Resource<Descriptor>,
        _: PathFlags,
        _: String,
        _: NewTimestamp,
        _: NewTimestamp,
    ) -> Answer<()> {
        Err(ErrorCode::Unsupported)
    }

    fn readlink_at(&mut self, _: Resource<Descriptor>, _: String) -> Answer<String> {
        Err(ErrorCode::Unsupported)
    }

    fn symlink_at(&mut self, _: Resource<Descriptor>, _: String, _: String) -> Answer<()> {
        Err(ErrorCode::Unsupported)
    }

    fn metadata_hash(&mut self, _: Resource<Descriptor>) -> Answer<MetadataHashValue> {
        Err(ErrorCode::Unsupported)
    }

    fn metadata_hash_at(&mut self, _: Resource<Descriptor>, _: PathFlags, _: String) -> Answer<MetadataHashValue> {
        Err(ErrorCode::Unsupported)
    }
}

/// All that a directory can be asked to be opened with; it can do no less in any case.
fn directory_flags() -> DescriptorFlags {
    DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY
}

/// Opens a directory, makes a new file, or opens a file for reading; a directory capability knows no other way.
fn open_entry<D: Directory>(directory: &D, name: &str, how: OpenFlags, access: DescriptorFlags) -> Answer<Open<D>> {
    if how == OpenFlags::DIRECTORY && directory_flags().contains(access) {
        Ok(Open::Directory(directory.open_dir(name)?))
    } else if how == OpenFlags::CREATE | OpenFlags::EXCLUSIVE && access == DescriptorFlags::WRITE {
        let file = directory.create(name)?;
        Ok(Open::File { file, writable: true })
    } else if how == OpenFlags::default() && access == DescriptorFlags::READ {
        let file = directory.open(name)?;
        Ok(Open::File { file, writable: false })
    } else {
        Err(ErrorCode::Unsupported)
    }
}
