//! What a statement says of receipts before it.

use super::forms;
use crate::jcs::write_string;
use crate::json::Value;

/// How a receipt stands to one that it refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It has to do with it.
    RelatesTo,
    /// The other one no longer holds.
    Revokes,
    /// This one holds in the other's place.
    Supersedes,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 3] = [Self::RelatesTo, Self::Revokes, Self::Supersedes];

    /// As in a statement.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RelatesTo => "relates_to",
            Self::Revokes => "revokes",
            Self::Supersedes => "supersedes",
        }
    }

    /// Whether the receipt that is referred to holds no longer.
    pub const fn ends(self) -> bool {
        !matches!(self, Self::RelatesTo)
    }
}

/// A receipt that another refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    /// Its id, of the same log.
    pub id: String,
    /// How.
    pub relation: Relation,
}

impl Ref {
    /// A relation that ends the other is named beside its id; the one that does not is the id alone, as it always was.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if !self.relation.ends() {
            return write_string(&self.id, out);
        }
        out.extend(b"{\"id\":");
        write_string(&self.id, out);
        out.extend(format!(",\"relation\":\"{}\"}}", self.relation.as_str()).as_bytes());
    }

    pub(super) fn read(value: &Value) -> Option<Self> {
        if let Some(id) = value.as_str() {
            return Some(Self { id: id.to_owned(), relation: Relation::RelatesTo });
        }
        let text = |name| value.get(name).and_then(Value::as_str);
        let relation = text("relation")?;
        let relation = Relation::ALL.into_iter().find(|known| known.ends() && known.as_str() == relation)?;
        Some(Self { id: text("id")?.to_owned(), relation })
    }

    pub(super) fn is_well_formed(&self) -> bool {
        forms::is_id(&self.id)
    }
}
