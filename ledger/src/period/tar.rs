//! As much of tar (POSIX ustar) as an archive of plain files needs.

const BLOCK: usize = 512;

/// What an archive ends with.
pub const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// A member: its header, its bytes, and what fills its last block. The same for the same bytes: no times, no owners.
pub fn member(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut member = [&header(name, bytes.len() as u64), bytes].concat();
    member.resize(member.len().next_multiple_of(BLOCK), 0);
    member
}

/// How long a member of so many bytes is.
pub const fn member_length(bytes: u64) -> u64 {
    BLOCK as u64 + bytes.next_multiple_of(BLOCK as u64)
}

fn header(name: &str, length: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name.get(..100).unwrap_or(name));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    // 8 GiB and more have no place in the field; a member is a few hundred lines.
    put(124, &format!("{:011o}", length & 0o77_777_777_777));
    put(136, "00000000000");
    put(148, "        0");
    put(257, "ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// What an archive is made of, as it comes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// A member begins.
    Begin(String),
    /// Some of its bytes.
    Bytes(&'b [u8]),
    /// It is complete.
    End,
    /// The archive is: nothing but zeros follows.
    Over,
}

/// Where the reader is.
#[derive(Default)]
pub(super) struct Reader {
    /// Bytes of the member still to come, and those that fill its last block.
    inside: Option<(u64, usize)>,
    zeros: bool,
}

impl Reader {
    /// Whether the next piece is a header: the bytes before it are all that came before a member.
    pub(super) const fn at_header(&self) -> bool {
        self.inside.is_none()
    }

    /// Takes a piece off the front of what is at hand, and how many bytes that was. None while more are needed; an error
    /// for what is no header as we write them.
    pub(super) fn next<'b>(&mut self, bytes: &'b [u8]) -> Result<Option<(Piece<'b>, usize)>, ()> {
        let Some((left, fill)) = self.inside else { return self.header(bytes) };
        if left > 0 {
            let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.inside = Some((left - count as u64, fill));
            return Ok((count > 0).then_some((Piece::Bytes(&bytes[..count]), count)));
        }
        let Some((filling, _)) = bytes.split_at_checked(fill) else { return Ok(None) };
        if filling.iter().any(|byte| *byte != 0) {
            return Err(());
        }
        self.inside = None;
        Ok(Some((Piece::End, fill)))
    }

    fn header<'b>(&mut self, bytes: &'b [u8]) -> Result<Option<(Piece<'b>, usize)>, ()> {
        let Some((header, _)) = bytes.split_at_checked(BLOCK) else { return Ok(None) };
        if header.iter().all(|byte| *byte == 0) {
            self.zeros = true;
            return Ok(Some((Piece::Over, BLOCK)));
        }
        let text = |from: usize, length: usize| {
            std::str::from_utf8(header[from..from + length].split(|byte| *byte == 0).next()?).ok()
        };
        let length = text(124, 12).and_then(|octal| u64::from_str_radix(octal, 8).ok());
        let (Some(name), Some(length), false) = (text(0, 100), length, self.zeros) else { return Err(()) };
        // Whatever is not exactly as we would write it is not ours.
        if *header != self::header(name, length) {
            return Err(());
        }
        let fill = length.next_multiple_of(BLOCK as u64) - length;
        self.inside = Some((length, fill as usize));
        Ok(Some((Piece::Begin(name.to_owned()), BLOCK)))
    }
}
