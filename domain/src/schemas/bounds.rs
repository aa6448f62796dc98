//! What a schema may cost: known before it is used, whatever is held against it.

use std::collections::HashMap;

use serde_json::Value;

/// Subschemas that one value may be held against, with every `$ref` written out.
const MOST: u64 = 1_000;
/// Bytes of a pattern.
const PATTERN_MAX: usize = 1_000;
/// Keywords that reach beyond the document, or make its cost unknowable.
const REFUSED: [&str; 7] =
    ["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"];

/// Why a schema is refused: where (a JSON pointer into it) and a sentence.
pub(super) type Refused = (String, String);

/// Checks that references stay within the document's `$defs` and do not lead in circles, that patterns are short, and that
/// all of it written out is no more than a thousand subschemas.
pub(super) fn check(schema: &Value) -> Result<(), Refused> {
    let mut bounds = Bounds { schema, costs: HashMap::new() };
    match bounds.cost(schema, "") {
        Ok(cost) if cost <= MOST => Ok(()),
        Ok(_) => Err((String::new(), format!("Written out, it has more than {MOST} subschemas."))),
        Err(refused) => Err(refused),
    }
}

struct Bounds<'a> {
    schema: &'a Value,
    /// What each definition costs; none while it is being found out.
    costs: HashMap<String, Option<u64>>,
}

impl Bounds<'_> {
    /// Every object counts, in whatever keyword it stands: too much is counted rather than too little. Definitions count
    /// where they are referred to, and once where they stand.
    fn cost(&mut self, value: &Value, place: &str) -> Result<u64, Refused> {
        let mut cost: u64 = 0;
        match value {
            Value::Object(members) => {
                cost += 1;
                for (name, member) in members {
                    let at = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                    cost = cost.saturating_add(self.keyword(name, member, &at)?);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    cost = cost.saturating_add(self.cost(item, &format!("{place}/{index}"))?);
                }
            }
            _ => {}
        }
        Ok(cost)
    }

    fn keyword(&mut self, name: &str, member: &Value, at: &str) -> Result<u64, Refused> {
        let is_text = member.is_string();
        match (name, member.as_str()) {
            ("$ref", Some(target)) => self.reference(target, at),
            ("pattern", Some(pattern)) if pattern.len() > PATTERN_MAX => {
                Err((at.to_owned(), format!("A pattern has {PATTERN_MAX} bytes at most.")))
            }
            ("patternProperties", _)
                if member.as_object().is_some_and(|all| all.keys().any(|p| p.len() > PATTERN_MAX)) =>
            {
                Err((at.to_owned(), format!("A pattern has {PATTERN_MAX} bytes at most.")))
            }
            // In `properties` these may be names of the payload's own members, whose schemas are objects.
            _ if REFUSED.contains(&name) && is_text => {
                Err((at.to_owned(), format!("{name} is not supported: refer to `#/$defs/…` of the same schema.")))
            }
            _ => self.cost(member, at),
        }
    }

    fn reference(&mut self, target: &str, at: &str) -> Result<u64, Refused> {
        let name = target.strip_prefix("#/$defs/").filter(|name| !name.is_empty() && !name.contains(['/', '%']));
        let unfit = || (at.to_owned(), "A $ref is `#/$defs/NAME` of the same schema.".to_owned());
        let name = name.ok_or_else(unfit)?;
        match self.costs.get(name) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err((at.to_owned(), "This $ref leads in a circle.".to_owned())),
            None => {}
        }
        let unescaped = name.replace("~1", "/").replace("~0", "~");
        let definition = self.schema.get("$defs").and_then(|all| all.get(&unescaped));
        let definition = definition.ok_or_else(|| (at.to_owned(), format!("There is no {target}.")))?;
        self.costs.insert(name.to_owned(), None);
        let cost = self.cost(definition, &format!("/$defs/{name}"))?;
        self.costs.insert(name.to_owned(), Some(cost));
        Ok(cost)
    }
}
