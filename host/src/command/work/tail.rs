//! The end of what a command wrote to standard error, as the reason of its failure.

use leasehold_core::limits::REASON_BYTES_MAX;

/// How much is kept.
const TAIL_BYTES_MAX: usize = 2 * 1024;

/// The last bytes of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    /// Whether the stream began before what is kept.
    cut: bool,
}

impl Tail {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if let Some(extra @ 1..) = self.bytes.len().checked_sub(TAIL_BYTES_MAX) {
            self.bytes.drain(..extra);
            self.cut = true;
        }
    }

    /// What is kept as text: whole lines where there are any, without what a terminal would obey.
    pub(crate) fn text(&self) -> String {
        let mut bytes = self.bytes.as_slice();
        if self.cut
            && let Some(end) = bytes.iter().position(|&byte| byte == b'\n')
            && end + 1 < bytes.len()
        {
            bytes = &bytes[end + 1..];
        }
        String::from_utf8_lossy(bytes).replace(|c: char| c.is_control() && c != '\n' && c != '\t', "").trim().into()
    }
}

/// Says why a task failed: what happened to the command, and what it said last.
pub(crate) fn reason(what: &str, last_words: &str) -> String {
    let mut reason = if last_words.is_empty() { what.into() } else { format!("{what}: {last_words}") };
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_whole_lines_are_kept() {
        let mut tail = Tail::default();
        tail.push(b"first\n");
        assert_eq!(tail.text(), "first");
        for n in 0..1000 {
            tail.push(format!("line {n}\n").as_bytes());
        }
        let text = tail.text();
        assert!(text.starts_with("line ") && text.ends_with("line 999"), "{text}");
        assert!(text.len() <= TAIL_BYTES_MAX);
    }

    #[test]
    fn one_endless_line_is_kept_by_its_end() {
        let mut tail = Tail::default();
        tail.push(&[b'x'; 5000]);
        tail.push(b"end\n");
        assert!(tail.text().ends_with("xend"));
    }

    #[test]
    fn colours_and_garbage_do_no_harm() {
        let mut tail = Tail::default();
        tail.push(b"\x1b[31mred\x1b[0m\xff");
        assert_eq!(tail.text(), "[31mred[0m\u{fffd}");
    }

    #[test]
    fn a_reason_is_never_over_the_limit() {
        let mut tail = Tail::default();
        // Each byte that is not UTF-8 becomes three.
        tail.push(&[0xff; 4096]);
        let reason = reason("exit status 1", &tail.text());
        assert!(reason.len() <= REASON_BYTES_MAX && reason.starts_with("exit status 1: "));
    }
}
