//! Random bytes from the operating system: only this module reads them, all others take randomness as a parameter.

use rand::TryRng as _;
use rand::rngs::SysRng;

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes: nothing secret can be made; try again")]
pub struct NoRandomness;

/// `N` bytes from the operating system's generator.
///
/// # Errors
/// [`NoRandomness`] when the system has none to give.
pub fn system<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(super::system::<32>(), super::system::<32>());
    }
}
