//! The whole configuration, from files and variables.

use super::*;

fn read(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let mut values = Values::default();
    let variables = variables.iter().map(|(name, text)| (name.into(), text.into()));
    values
        .add_file("usher.toml", file)
        .and_then(|()| values.add_environment(variables))
        .and_then(|()| Config::read(&values))
        .map_err(|error| error.to_string())
}

#[test]
fn without_a_word_it_is_sqlite_and_loopback() {
    let config = read("", &[]).expect("the defaults hold");
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.admin_listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.http.base_url(), "http://127.0.0.1:8080");
    assert_eq!(config.database.url, "sqlite://usher-data/usher.db");
    assert_eq!(config.environment.as_str(), "test");
    assert!(config.redis.is_none());
}

#[test]
fn the_environment_wins_over_the_file_and_its_numbers_are_numbers() {
    let file = "http.listen = \"127.0.0.1:1\"\n[database]\nmax_connections = 3\n";
    let config = read(
        file,
        &[
            ("USHER__HTTP__LISTEN", "127.0.0.1:2"),
            ("USHER__EVENTS__POLL_MS", "40"),
        ],
    )
    .expect("fine");
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.database.max_connections, 3);
    assert_eq!(config.events.poll_ms, 40);
}

#[test]
fn what_cannot_be_used_is_named_with_the_rule_and_the_next_step() {
    /// File, environment variables, message.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let table: &[Case<'_>] = &[
        (
            "http.lisen = \"x\"",
            &[],
            "http.lisen in the configuration file: there is no such setting; did you mean http.listen?",
        ),
        (
            "",
            &[("USHER__HTTP__PUBLICURL", "x")],
            "http.publicurl (environment variable USHER__HTTP__PUBLICURL): there is no such setting; did you mean http.public_url?",
        ),
        (
            "zebra = 1",
            &[],
            "zebra in the configuration file: there is no such setting; `usher check-config` lists every setting",
        ),
        (
            "http.listen = \"8080\"",
            &[],
            "http.listen (configuration file): must be an IP address and a port, e.g. \"127.0.0.1:8080\" or \"0.0.0.0:8080\"",
        ),
        (
            "http.admin_listen = \"localhost\"",
            &[],
            "http.admin_listen (configuration file): must be an IP address and a port, e.g. \"127.0.0.1:8081\"",
        ),
        (
            "http.listen = \"127.0.0.1:8081\"",
            &[],
            "http.listen and http.admin_listen contradict each other: each needs an address of its own; give one of them another port",
        ),
        (
            "",
            &[("USHER__HTTP__WORKERS", "many")],
            "http.workers (environment variable USHER__HTTP__WORKERS): must be a whole number from 0 to 1024",
        ),
        (
            "environment = \"prod\"",
            &[],
            "environment (configuration file): must be \"test\" or \"production\"",
        ),
        (
            "database.url = \"mysql://x\"",
            &[],
            "database.url (configuration file): must begin with sqlite:// or postgres://",
        ),
        (
            "admin.public = \"maybe\"",
            &[],
            "admin.public (configuration file): must be true or false",
        ),
        (
            "admin.database_url = \"sqlite://usher.db\"",
            &[],
            "admin.database_url (configuration file): must begin with postgres://; SQLite has one role, and needs no second address",
        ),
        (
            "admin.database_url = \"postgres://usher_admin@db/usher\"",
            &[],
            "admin.database_url and database.url contradict each other: the admin API changes the same database that is served; \
             leave admin.database_url out with SQLite",
        ),
        (
            "redis.url = \"http://x\"",
            &[],
            "redis.url (configuration file): must begin with redis:// or rediss://",
        ),
        (
            "log.format = \"xml\"",
            &[],
            "log.format (configuration file): must be \"json\", \"text\" or \"auto\"",
        ),
        (
            "",
            &[("USHER__LOG__LEVEL", "wran")],
            "log.level (environment variable USHER__LOG__LEVEL): must be error, warn, info, debug or trace, or such a word for a part: info,events=debug",
        ),
        (
            "log.level = \"info,events=loud\"",
            &[],
            "log.level (configuration file): must be error, warn, info, debug or trace, or such a word for a part: info,events=debug",
        ),
        (
            "notices.webhook_url = \"chat.example.com\"",
            &[],
            "notices.webhook_url (configuration file): must be an address that begins with https:// or http://",
        ),
        (
            "notices.smtp_url = \"mail.example.com\"",
            &[],
            "notices.smtp_url (configuration file): must be an address such as smtps://user:password@mail.example.com or \
             smtp://mail.example.com:587?tls=required; what is no letter or digit in a password is percent-encoded",
        ),
        (
            "notices.smtp_url = \"smtp://usher:hunter2@mail.example.com\"",
            &[],
            "notices.smtp_url (configuration file): would send the password in the clear: write smtps://…, or smtp://…?tls=required",
        ),
        (
            "notices.smtp_url = \"smtp://mail\"\nnotices.mail_from = \"usher\"\nnotices.mail_to = \"a@b.example\"",
            &[],
            "notices.mail_from (configuration file): \"usher\" is no mail address: write ops@example.com, or Ops <ops@example.com>",
        ),
        (
            "notices.smtp_url = \"smtp://mail\"\nnotices.mail_from = \"u@b.example\"\nnotices.mail_to = \"a@b.example,\"",
            &[],
            "notices.mail_to (configuration file): \"\" is no mail address: write ops@example.com, or Ops <ops@example.com>",
        ),
        (
            "graph.client_id = \"usher\"\ngraph.client_secret = \"x\"",
            &[],
            "graph.client_id (configuration file): must be the application (client) id of an app registration, a UUID",
        ),
        (
            "graph.client_id = \"0b6f2c51-5f0e-4d7a-9c3d-2f1e0a9b8c7d\"\ngraph.client_secret = \"x\"\ngraph.url = \"http://graph.example\"",
            &[],
            "graph.url (configuration file): must be an address that begins with https://",
        ),
        (
            "profiles_dir = \"/nowhere/at/all\"",
            &[],
            "profiles_dir (configuration file): /nowhere/at/all is not a folder that can be read",
        ),
        (
            "http.public_url = \"scim.example.com\"",
            &[],
            "http.public_url (configuration file): must be an address such as \"https://scim.example.com\", without user, query or fragment",
        ),
        (
            "environment = \"production\"",
            &[],
            "http.public_url: production needs the address that customers see, because what a request says of its own address \
             (Host) is not to be trusted; set it, e.g. http.public_url = \"https://scim.example.com\" or USHER__HTTP__PUBLIC_URL",
        ),
        (
            "database.url_file = \"postgres://usher:hunter2@db/usher\"",
            &[],
            "database.url_file (configuration file): must be the path of a file that holds the address, not the address itself",
        ),
        (
            "log.level = \"info\"\nredis.url = \"redis://:hunter2@r/",
            &[],
            "usher.toml: line 2 is no TOML: invalid basic string, expected `\"`",
        ),
        (
            "database.url_file = \"/nowhere\"",
            &[],
            "database.url_file (configuration file): /nowhere cannot be read: No such file or directory (os error 2)",
        ),
    ];
    for (file, variables, message) in table {
        assert_eq!(
            read(file, variables).err().as_deref(),
            Some(*message),
            "{file}{variables:?}"
        );
    }
}

#[test]
fn a_variable_that_is_no_text_is_named_and_not_shown() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt as _;
    let add = |name: &str| {
        let variable = (name.into(), OsString::from_vec(b"hunter2\xff".to_vec()));
        let added = Values::default().add_environment([variable]);
        added.map_err(|error| error.to_string())
    };
    assert_eq!(
        add("USHER__REDIS__URL").unwrap_err(),
        "environment variable USHER__REDIS__URL: must be UTF-8"
    );
    assert_eq!(add("USHER_OTHER"), Ok(()), "not ours");
}

#[test]
fn a_value_is_shown_as_what_it_is() {
    let variables = [
        ("USHER__TELEMETRY__SERVICE_NAME", "007"),
        ("USHER__EVENTS__POLL_MS", " 040"),
        ("USHER__HTTP__PUBLIC_URL", "https://scim.example.com/ "),
    ];
    let config = read("http.proxy_hops = \"1\"", &variables).expect("fine");
    for (key, value) in [
        ("telemetry.service_name", "\"007\""),
        ("events.poll_ms", "40"),
        ("http.public_url", "\"https://scim.example.com\""),
        ("http.proxy_hops", "1"),
        ("redis.url", "null"),
    ] {
        let line = config.lines.iter().find(|line| line.key == key);
        assert_eq!(line.expect(key).value.to_string(), value, "{key}");
    }
}

#[test]
fn a_log_level_is_a_word_also_by_part() {
    for level in ["error", "INFO", "off", "info,events=debug"] {
        assert!(read(&format!("log.level = \"{level}\""), &[]).is_ok(), "{level}");
    }
}

#[test]
fn a_contradiction_names_both_keys() {
    for (file, one, other) in [
        (
            "database.url = \"sqlite://a\"\ndatabase.url_file = \"b\"",
            "database.url",
            "database.url_file",
        ),
        (
            "redis.url = \"redis://a\"\nredis.url_file = \"b\"",
            "redis.url",
            "redis.url_file",
        ),
        ("redis.keep_entries = 5", "redis.keep_entries", "redis.url"),
        (
            "graph.client_id = \"0b6f2c51-5f0e-4d7a-9c3d-2f1e0a9b8c7d\"",
            "graph.client_id",
            "graph.client_secret_file",
        ),
        (
            "graph.client_secret = \"x\"",
            "graph.client_secret",
            "graph.client_id",
        ),
        (
            "graph.client_secret = \"x\"\ngraph.certificate_file = \"a\"",
            "graph.client_secret",
            "graph.certificate_file",
        ),
        (
            "graph.certificate_file = \"a\"",
            "graph.certificate_file",
            "graph.private_key_file",
        ),
        (
            "notices.mail_to = \"a@b.example\"",
            "notices.mail_to",
            "notices.smtp_url",
        ),
        (
            "notices.smtp_url = \"smtp://mail\"\nnotices.mail_from = \"a@b.example\"",
            "notices.smtp_url",
            "notices.mail_to",
        ),
        (
            "notices.smtp_url = \"smtp://mail\"\nnotices.smtp_url_file = \"b\"",
            "notices.smtp_url",
            "notices.smtp_url_file",
        ),
        (
            "environment = \"production\"\nhttp.public_url = \"http://scim.example.com\"",
            "environment",
            "http.public_url",
        ),
        (
            "environment = \"production\"\nhttp.public_url = \"https://scim.example.com\"",
            "http.public_url",
            "http.proxy_hops",
        ),
        (
            "environment = \"production\"\nhttp.public_url = \"http://localhost.evil.example\"",
            "environment",
            "http.public_url",
        ),
    ] {
        let message = read(file, &[]).expect_err(file);
        assert!(
            message.starts_with(&format!("{one} and {other} contradict each other: ")),
            "{message}"
        );
    }
}

#[test]
fn a_proxy_that_is_not_counted_is_warned_of_and_refused_in_production() {
    let https = "http.public_url = \"https://scim.example.com\"\n";
    let production = "environment = \"production\"\n";
    let counted = "http.proxy_hops = 1\n";
    let warning = read(https, &[]).expect("a test may").warnings().concat();
    assert!(
        warning.starts_with("http.public_url and http.proxy_hops contradict each other: an https:// address means that a proxy")
            && warning.ends_with("set http.proxy_hops to the number of proxies that write X-Forwarded-For, usually 1"),
        "{warning}"
    );
    assert_eq!(
        read(&format!("{production}{https}"), &[]).err(),
        Some(warning),
        "production says the same and refuses"
    );
    for usable in [
        format!("{https}{counted}"),
        format!("{production}{https}{counted}"),
        "http.public_url = \"http://127.0.0.1:8080\"".to_owned(),
        String::new(),
    ] {
        let config = read(&usable, &[]).expect(&usable);
        assert_eq!(config.warnings(), [] as [String; 0], "{usable}");
    }
}

#[test]
fn a_secret_can_stand_in_a_file_and_is_never_shown() {
    let folder = std::env::temp_dir().join(format!("usher-config-{}", std::process::id()));
    std::fs::write(&folder, "postgres://usher:hunter2@db/usher\n").expect("a temporary file");
    let config = read(&format!("database.url_file = \"{}\"", folder.display()), &[]).expect("fine");
    std::fs::remove_file(&folder).expect("the same file");
    assert_eq!(config.database.url, "postgres://usher:hunter2@db/usher");
    assert!(!format!("{config:?}").contains("hunter2"));

    let config = read("database.url = \"postgres://usher:hunter2@db/usher?password=x\"\nredis.url = \"redis://:hunter2@r:6379/\"", &[]).expect("fine");
    let shown = |key: &str| {
        config
            .lines
            .iter()
            .find(|line| line.key == key)
            .map(|line| line.value.to_string())
    };
    assert_eq!(
        shown("database.url").as_deref(),
        Some("\"postgres://usher:***@db/usher?***\"")
    );
    assert_eq!(shown("redis.url").as_deref(), Some("\"redis://:***@r:6379/\""));
    assert!(!format!("{config:?}").contains("hunter2"));

    let app = "graph.client_id = \"0b6f2c51-5f0e-4d7a-9c3d-2f1e0a9b8c7d\"\ngraph.client_secret = \"hunter2\"";
    let config = read(app, &[]).expect("fine");
    let line = config
        .lines
        .iter()
        .find(|line| line.key == "graph.client_secret")
        .expect("the key");
    assert_eq!(line.value.to_string(), "\"***\"");
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(config.graph.client().expect("a client").is_some());

    let config = read(
        "notices.webhook_url = \"https://chat.example.com/hooks/hunter2\"\n\
         notices.smtp_url = \"smtps://usher:hunter2@mail.example.com\"\n\
         notices.mail_from = \"usher@example.com\"\nnotices.mail_to = \"a@example.com, B <b@example.com>\"",
        &[],
    )
    .expect("fine");
    let mail = config.notices.mail.as_ref().expect("it is set");
    assert_eq!(mail.to, ["a@example.com", "B <b@example.com>"]);
    for (key, value) in [
        ("notices.webhook_url", "\"https://chat.example.com/***\""),
        ("notices.smtp_url", "\"smtps://usher:***@mail.example.com\""),
    ] {
        let line = config.lines.iter().find(|line| line.key == key).expect(key);
        assert_eq!(line.value.to_string(), value);
    }
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_example_file_is_understood_and_says_the_defaults() {
    let example = include_str!("../../../../deploy/usher.example.toml");
    let uncommented: String = example
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.contains(" = "))
        .fold(String::new(), |all, line| all + line + "\n");
    for key in keys::KEYS.iter() {
        let section = key
            .name
            .split_once('.')
            .map_or(key.name.as_str(), |(_, name)| name);
        assert!(
            example.contains(&format!("{section} = ")),
            "{} is missing in deploy/usher.example.toml",
            key.name
        );
    }
    assert!(uncommented.contains("listen = \"127.0.0.1:8080\""));
    assert!(read(example, &[]).is_ok());
}
