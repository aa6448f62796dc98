//! Holding payloads against schemas.

use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use super::bounds;
use crate::Problem;

/// Bytes of a compiled pattern.
const PATTERN_SIZE: usize = 1 << 20;
/// Refusals named at once.
const NAMED: usize = 10;
/// Characters of a refusal's sentence.
const SAID: usize = 300;

/// A schema, compiled.
pub(super) struct Validator(jsonschema::Validator);

impl Validator {
    /// Errors: 422 with the place in the schema.
    pub(super) fn new(schema: &Value) -> Result<Self, Problem> {
        let refuse = |place: String, said: String| Problem::invalid().field(place, "schema", said);
        if !schema.is_object() {
            return Err(refuse(String::new(), "A schema is a JSON object.".to_owned()));
        }
        bounds::check(schema).map_err(|(place, said)| refuse(place, said))?;
        // Nothing is fetched, and patterns take time in proportion to what they are held against: no backtracking.
        let patterns = PatternOptions::regex().size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE);
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .offline()
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .build(schema)
            .map(Self)
            .map_err(|error| refuse(error.instance_path().to_string(), short(&error.masked().to_string())))
    }

    /// Errors: 422 with the JSON pointer (RFC 6901) of each place in the payload that does not fit, ten at most.
    pub(super) fn hold(&self, payload: &[u8], name: &str) -> Result<(), Problem> {
        let payload: Value = serde_json::from_slice(payload).map_err(Problem::internal)?;
        if self.0.is_valid(&payload) {
            return Ok(());
        }
        let mut problem = Problem::invalid();
        for error in self.0.iter_errors(&payload).take(NAMED) {
            let said = format!("{}, says the schema {name}.", short(&error.masked().to_string()));
            problem = problem.field(error.instance_path().to_string(), "schema", said);
        }
        problem.unless_empty()
    }
}

fn short(said: &str) -> String {
    said.chars().take(SAID).collect()
}
