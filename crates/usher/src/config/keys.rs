//! The list of settings with default and meaning, read from the JSON Schema of [`Settings`]: the doc comment of a field is the
//! meaning that operators read in `docs/reference/config.md`.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::settings::Settings;

/// A setting.
pub struct Key {
    /// `section.key`.
    pub name: String,
    /// `null` when there is none.
    pub default: Value,
    /// With the unit.
    pub meaning: String,
}

/// All keys, in the order of the page.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let generator = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let schema = generator.into_generator().into_root_schema_for::<Settings>();
    let mut keys = Vec::new();
    collect(schema.as_value(), "", &mut keys);
    keys
});

fn collect(schema: &Value, prefix: &str, keys: &mut Vec<Key>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{prefix}{name}");
        if property["properties"].is_object() {
            collect(property, &format!("{name}."), keys);
        } else {
            let meaning = property["description"].as_str().unwrap_or_default();
            keys.push(Key {
                name,
                default: property["default"].clone(),
                meaning: meaning.replace('\n', " "),
            });
        }
    }
}
