//! Records of a CSV file, one after another: where each begins, and its bytes, of which none are kept without end.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
};

/// Longest record, in bytes; the server takes no more.
const MAX_RECORD: usize = 64 * 1024;

/// A record that stands on a line and perhaps on some after it.
#[derive(Debug)]
pub(super) struct Record {
    /// From 1.
    pub line: u64,
    /// What it says, or why it cannot be read.
    pub text: Result<Vec<u8>, String>,
}

/// Where in a record a reader is: RFC 4180, and a quote inside a bare cell is a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParserState {
    Start,
    Bare,
    Quoted,
    /// After a quote that closes a cell, unless another one follows.
    Closed,
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records {
    input: BufReader<File>,
    /// The line that is read, from 1.
    line: u64,
    read: u64,
    /// Whether the last byte was a carriage return, of whose line end a line feed is a part.
    after_return: bool,
    failed: bool,
}

impl Records {
    pub(super) fn new(input: BufReader<File>) -> Self {
        Self {
            input,
            line: 1,
            read: 0,
            after_return: false,
            failed: false,
        }
    }

    /// Bytes that were read so far.
    pub(super) fn position(&self) -> u64 {
        self.read
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        loop {
            let Some(byte) = self.input.fill_buf()?.first().copied() else {
                return Ok(None);
            };
            self.input.consume(1);
            self.read += 1;
            let half = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if !half {
                self.line += u64::from(matches!(byte, b'\n' | b'\r'));
                return Ok(Some(byte));
            }
        }
    }

    /// The bytes of the record that is begun, at most [`MAX_RECORD`]; `None` at the end of the file.
    fn record(&mut self) -> io::Result<Option<Result<Vec<u8>, String>>> {
        let (mut at, mut record) = (ParserState::Start, Vec::new());
        while let Some(byte) = self.byte()? {
            let ends_line = matches!(byte, b'\n' | b'\r');
            at = match (at, byte) {
                (ParserState::Quoted, b'"') => ParserState::Closed,
                (ParserState::Quoted, _) => ParserState::Quoted,
                _ if ends_line => return Ok(Some(Ok(record))),
                (_, b',') => ParserState::Start,
                (ParserState::Start | ParserState::Closed, b'"') => ParserState::Quoted,
                _ => ParserState::Bare,
            };
            if record.len() == MAX_RECORD {
                // What follows is read from the next line on, whatever it was meant to be.
                while !ends_line && !matches!(self.byte()?, None | Some(b'\n' | b'\r')) {}
                let why = "is longer than 64 KiB: is a quote not closed?";
                return Ok(Some(Err(why.into())));
            }
            record.push(byte);
        }
        Ok((!record.is_empty()).then_some(Ok(record)))
    }
}

impl Iterator for Records {
    type Item = Record;
    /// The next record that is not empty.
    fn next(&mut self) -> Option<Record> {
        while !self.failed {
            let line = self.line;
            let text = match self.record() {
                Ok(None) => return None,
                Ok(Some(Ok(record))) if record.is_empty() => continue,
                Ok(Some(text)) => text,
                Err(error) => {
                    self.failed = true;
                    Err(error.to_string())
                }
            };
            return Some(Record { line, text });
        }
        None
    }
}
