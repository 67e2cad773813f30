//! The names on the disk, read by other code than the core's, so that one is held against the other.

/// Where a task is in its life, and whose claim it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Pending,
    Claimed { holder: String, epoch: u64, until: u64 },
    Done,
    Dead,
    Tomb,
}

/// The name of a task, or the token file of one with a given id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TaskName {
    pub(super) due: u64,
    pub(super) nonce: String,
    /// The nonces of the tasks that it stands for: its own, or those of a group's that are left.
    pub(super) tasks: Vec<String>,
    pub(super) token: u64,
    pub(super) tries: u64,
    pub(super) priority: u64,
    pub(super) note: Option<String>,
    /// Whether its content stands in a pack, among others.
    pub(super) is_packed: bool,
    pub(super) place: Place,
}

/// The token file of a holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HolderName {
    pub(super) epoch: u64,
    pub(super) beat: u64,
    pub(super) live: bool,
    pub(super) set: u64,
    pub(super) ttl: u64,
}

pub(super) fn number(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 32).ok()
}

/// The last component of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn task(path: &str) -> Option<TaskName> {
    let fields: Vec<&str> = last(path).split('.').collect();
    let [order, nonce, token, tries, _max, _enqueued, size, _crc, priority, note, place, rest @ ..] = &fields[..]
    else {
        return None;
    };
    let place = match (*place, rest) {
        ("p", []) => Place::Pending,
        ("c", [holder, epoch, set, lasting]) => {
            Place::Claimed { holder: (*holder).into(), epoch: number(epoch)?, until: number(set)? + number(lasting)? }
        }
        ("d", [_at]) => Place::Done,
        ("x", [_at, _cause]) => Place::Dead,
        ("t", []) => Place::Tomb,
        _ => return None,
    };
    (order.len() == 14 && nonce.len() == 16).then_some(())?;
    let tasks = match size.strip_prefix('+') {
        Some(left) => members(nonce, left.split('-').next()?)?,
        None => vec![(*nonce).into()],
    };
    Some(TaskName {
        tasks,
        due: number(&order[..10])?,
        nonce: (*nonce).into(),
        token: number(token)?,
        tries: number(tries)?,
        priority: number(priority)?,
        note: (*note != "-").then(|| (*note).into()),
        is_packed: size.contains('-'),
        place,
    })
}

/// A group that has begun to part, and whose tasks' names do not count yet; and which attempt.
pub(super) fn parting(path: &str) -> Option<(TaskName, &str)> {
    let (group, attempt) = last(path).split_once(".s.")?;
    Some((task(group)?, attempt))
}

/// The nonces of a group's tasks: the bits that are set, but for the highest, are the places of those that are left.
fn members(nonce: &str, left: &str) -> Option<Vec<String>> {
    let bits = left
        .bytes()
        .try_fold(0u128, |bits, digit| Some(bits << 5 | u128::from(number(std::str::from_utf8(&[digit]).ok()?)?)))?;
    let count = 127 - bits.leading_zeros();
    let (high, low) = nonce.split_at(14);
    let low = number(low)?;
    let digit = |n: u64| char::from_digit(u32::try_from(n & 31).ok()?, 32);
    let member = |place: u32| {
        let low = low + u64::from(place) + 1;
        Some(format!("{high}{}{}", digit(low >> 5)?, digit(low)?))
    };
    (0..count).filter(|place| bits >> place & 1 == 1).map(member).collect()
}

/// The nonce and the key of a ticket.
pub(super) fn ticket(path: &str) -> Option<(&str, &str)> {
    let fields: Vec<&str> = last(path).split('.').collect();
    match &fields[..] {
        [order, nonce, _enqueued, key] if order.len() == 14 && nonce.len() == 16 => Some((*nonce, *key)),
        _ => None,
    }
}

pub(super) fn holder(path: &str) -> Option<HolderName> {
    let fields: Vec<&str> = last(path).split('.').collect();
    match &fields[..] {
        [epoch, beat, life @ ("live" | "ended" | "tomb"), set, ttl, _birth] => Some(HolderName {
            epoch: number(epoch)?,
            beat: number(beat)?,
            live: *life == "live",
            set: number(set)?,
            ttl: number(ttl)?,
        }),
        _ => None,
    }
}
