//! Passwords: Argon2id by OWASP's parameters, few at a time, and what is refused as too easy to guess.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS};
use crate::Problem;

/// OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes passwords on threads of their own, a few at once: sign-ins queue, and everything else goes on.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
}

impl Hasher {
    /// `at_once` hashes are computed at the same time; each takes 19 MiB and a core.
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// The PHC string of a password.
    pub(crate) async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Problem> {
        let password = password.to_owned();
        self.run(move || {
            let hash = argon2().hash_password_with_salt(password.as_bytes(), &salt).map_err(Problem::internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one; with no stored hash the same work is done and the answer is no.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<bool, Problem> {
        // Argon2id of a random password with the same parameters: time tells nothing of who has an account.
        const NOBODY: &str =
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$qS0+lY1uEZ1T0kq9m3Tn2dLtMNbVpLzNXqXbJcBAkSE";
        let (password, known) = (password.to_owned(), stored.is_some());
        let stored = stored.unwrap_or(NOBODY).to_owned();
        self.run(move || {
            let hash = PasswordHash::new(&stored).map_err(Problem::internal)?;
            Ok(argon2().verify_password(password.as_bytes(), &hash).is_ok() && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.turns.clone().acquire_owned().await.map_err(Problem::internal)?;
        let result = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        result.await.map_err(Problem::internal)?
    }
}

static COMMON: LazyLock<std::collections::HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../data/passwords.txt").lines();
    lines.filter_map(|line| line.split_whitespace().next()).collect()
});

/// Why a password is refused: a code and a sentence. Length and guessability only; no rules about its characters.
pub(super) fn weakness(password: &str, own_words: &[&str]) -> Option<(&'static str, String)> {
    let length = password.chars().count();
    if length < PASSWORD_MIN_CHARS {
        return Some((
            "too_short",
            format!("Use at least {PASSWORD_MIN_CHARS} characters; a few words make a good one."),
        ));
    }
    if length > PASSWORD_MAX_CHARS {
        return Some(("too_long", format!("Use at most {PASSWORD_MAX_CHARS} characters.")));
    }
    let lower = password.to_lowercase();
    let mut letters: Vec<char> = lower.chars().collect();
    letters.sort_unstable();
    letters.dedup();
    // A common password, also with digits or signs around it or repeated.
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let half = lower.get(..lower.len() / 2).filter(|half| half.repeat(2) == lower);
    let common = [Some(lower.as_str()), Some(core), half].into_iter().flatten().any(|word| COMMON.contains(word));
    let own = own_words.iter().any(|word| {
        let word = word.to_lowercase();
        word.chars().count() >= 4 && lower.replace(&word, "").chars().count() < 6
    });
    (common || own || letters.len() < 4)
        .then(|| ("too_common", "This is one of the first that would be guessed. Choose another.".to_owned()))
}
