//! Who is measured at what.

use crate::peers::protocol::Op;
use serde::Serialize;

/// Who the others are compared with.
pub(crate) const LEADER: &str = "component";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Section {
    Queue,
    Lease,
    Checkpoint,
    List,
}

/// How a contender is run.
#[derive(Debug)]
pub(crate) enum Runs {
    /// By the benchmark itself.
    Here,
    /// By a script under `peers/python`, with a package.
    Python { script: &'static str, package: &'static str },
    /// By a script under `peers/node`.
    Node { script: &'static str },
}

/// What it works at.
#[derive(Debug)]
pub(crate) enum Needs {
    Folder,
    Beanstalkd,
    Postgres,
}

/// What a contender does not offer, and why.
#[derive(Debug, Default)]
pub(crate) struct Lacks {
    pub(crate) sync: Option<&'static str>,
    pub(crate) batches: Option<&'static str>,
}

/// One who is measured.
#[derive(Debug)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) runs: Runs,
    pub(crate) needs: Needs,
    pub(crate) lacks: Lacks,
    /// False for Leasehold's sides and for the floor.
    pub(crate) is_peer: bool,
}

const WHOLE: Lacks = Lacks { sync: None, batches: None };

const fn here(name: &'static str, title: &'static str) -> Contender {
    Contender { name, title, runs: Runs::Here, needs: Needs::Folder, lacks: WHOLE, is_peer: false }
}

const fn python(name: &'static str, title: &'static str, script: &'static str, package: &'static str) -> Contender {
    let runs = Runs::Python { script, package };
    Contender { name, title, runs, needs: Needs::Folder, lacks: WHOLE, is_peer: true }
}

const COMPONENT: Contender = here(LEADER, "Leasehold, component");
const NATIVE: Contender = here("native", "Leasehold, native");

const QUEUES: &[Contender] = &[
    COMPONENT,
    NATIVE,
    here("raw", "the bare system calls"),
    Contender {
        lacks: Lacks { sync: Some("it syncs nothing"), batches: Some("it has no batches") },
        ..python("dirq", "python-dirq", "dirq_queue.py", "dirq==1.8")
    },
    Contender {
        lacks: Lacks { sync: None, batches: Some("it has no batches") },
        ..python("huey", "huey, SQLite", "huey_queue.py", "huey==3.5.4")
    },
    python("litequeue", "litequeue", "litequeue_queue.py", "litequeue==0.9"),
    Contender {
        lacks: Lacks { sync: Some("its binding opens SQLite with synchronous=NORMAL only"), batches: None },
        ..python("honker", "honker", "honker_queue.py", "honker==0.2.4")
    },
    Contender {
        name: "plainjob",
        title: "plainjob",
        runs: Runs::Node { script: "plainjob.mjs" },
        needs: Needs::Folder,
        lacks: WHOLE,
        is_peer: true,
    },
    Contender { needs: Needs::Beanstalkd, ..python("beanstalkd", "beanstalkd", "beanstalkd_queue.py", "") },
    Contender {
        needs: Needs::Postgres,
        ..python("postgres", "PostgreSQL", "postgres_queue.py", "psycopg[binary]==3.3.9")
    },
];

const LEASES: &[Contender] = &[
    COMPONENT,
    NATIVE,
    python("filelock-native", "filelock, flock", "filelock_native.py", "filelock==4.2.11"),
    python("filelock-soft", "filelock, soft lock", "filelock_soft.py", "filelock==4.2.11"),
    python("filelock-lease", "filelock, lease", "filelock_lease.py", "filelock==4.2.11"),
];

const CHECKPOINTS: &[Contender] = &[
    COMPONENT,
    NATIVE,
    python("langgraph", "LangGraph, SQLite", "langgraph_checkpoint.py", "langgraph-checkpoint-sqlite==3.1.2"),
];

const LISTS: &[Contender] = &[COMPONENT, NATIVE, python("sqlite", "an SQLite table", "sqlite_list.py", "")];

impl Section {
    pub(crate) const ALL: [Self; 4] = [Self::Queue, Self::Lease, Self::Checkpoint, Self::List];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Lease => "lease",
            Self::Checkpoint => "checkpoint",
            Self::List => "list",
        }
    }

    pub(crate) fn contenders(self) -> &'static [Contender] {
        match self {
            Self::Queue => QUEUES,
            Self::Lease => LEASES,
            Self::Checkpoint => CHECKPOINTS,
            Self::List => LISTS,
        }
    }

    /// What is done in a turn, in this order.
    pub(crate) fn ops(self) -> &'static [Op] {
        match self {
            Self::Queue => &[Op::Push, Op::Work, Op::Life],
            Self::Lease | Self::Checkpoint => &[Op::Cycle],
            Self::List => &[Op::Create, Op::Claim, Op::Complete],
        }
    }

    /// What an operation is called in a table.
    pub(crate) fn title_of(self, op: Op) -> &'static str {
        match (self, op) {
            (_, Op::Push) => "push",
            (_, Op::Work) => "claim and done",
            (_, Op::Life) => "whole life",
            (Self::Checkpoint, Op::Cycle) => "save and load",
            (_, Op::Cycle) => "acquire and release",
            (_, Op::Create) => "create",
            (_, Op::Claim) => "claim",
            (_, Op::Complete) => "complete",
        }
    }
}
