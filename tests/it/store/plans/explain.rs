//! What `auto_explain` wrote into the server's log.

use serde_json::Value;
use std::fmt::Write as _;

/// A statement that was run, and its plan with what each step really did.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The statement.
    pub text: String,
    /// The plan's topmost step.
    pub plan: Value,
}

/// The explained statements of one database, in the order in which they ended.
pub fn of(log: &str, database: &str) -> Vec<Explained> {
    let mark = format!("] {database} LOG:  duration: ");
    let mut found = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        if !(line.contains(&mark) && line.ends_with("plan:")) {
            continue;
        }
        let mut text = String::new();
        // The lines of one message after its first begin with a tab.
        while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
            text.push_str(more);
        }
        let json: Value = serde_json::from_str(&text).expect("a plan as JSON");
        found.push(Explained {
            text: json["Query Text"].as_str().expect("a text").to_owned(),
            plan: json["Plan"].clone(),
        });
    }
    found
}

/// Every step of a plan.
pub fn steps(plan: &Value) -> Vec<&Value> {
    // The planner has found that nothing below is ever run: a value that is compared with is null.
    let never = plan["One-Time Filter"] == "false";
    let below = plan["Plans"].as_array().filter(|_| !never).into_iter().flatten();
    let mut all = vec![plan];
    all.extend(below.flat_map(steps));
    all
}

/// A plan as a person reads it.
pub fn drawn(plan: &Value, depth: usize) -> String {
    let mut line = format!("{:indent$}-> ", "", indent = depth * 2);
    for key in [
        "Node Type",
        "Relation Name",
        "Index Name",
        "CTE Name",
        "Index Cond",
        "Recheck Cond",
        "TID Cond",
        "Filter",
        "One-Time Filter",
        "Rows Removed by Filter",
        "Actual Rows",
        "Actual Loops",
    ] {
        match &plan[key] {
            Value::Null => {}
            Value::String(text) if key == "Node Type" => line.push_str(text),
            value => {
                let _ = write!(line, "; {key}: {value}");
            }
        }
    }
    let below = plan["Plans"].as_array().into_iter().flatten();
    below.fold(line, |text, step| format!("{text}\n{}", drawn(step, depth + 1)))
}
