//! Credentials made from public parts only: what a client that knows an id can send.

/// The public part of a token.
pub fn id(token: &str) -> &str {
    token.split('_').nth(2).expect("a token")
}

/// The same id with another secret and a valid checksum, as a guess has it.
pub fn forged(token: &str, number: u32) -> String {
    let mut parts: Vec<&str> = token.split('_').collect();
    let secret = format!("{number:0>43}");
    parts[3] = &secret;
    with_checksum(&parts)
}

/// The same id and secret as a credential of the other kind.
pub fn of_other_kind(credential: &str) -> String {
    let mut parts: Vec<&str> = credential.split('_').collect();
    parts[0] = if parts[0] == "usher" { "usherapp" } else { "usher" };
    with_checksum(&parts)
}

fn with_checksum(parts: &[&str]) -> String {
    let body = parts[..4].join("_");
    format!("{body}_{}", base62(crc32(body.as_bytes())))
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            crc >> 1 ^ 0xedb8_8320
        } else {
            crc >> 1
        }
    };
    !bytes
        .iter()
        .fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

fn base62(mut number: u32) -> String {
    let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = alphabet[(number % 62) as usize];
        number /= 62;
    }
    String::from_utf8(digits.to_vec()).expect("ASCII")
}

#[test]
fn the_checksum_here_is_the_published_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}
