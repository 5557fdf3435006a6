//! Parses Rust source: which public signatures name a type of the SQL layer, and where scopes are minted.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Fields, ImplItem, Item, Signature, TraitItem, UseTree, Visibility};

/// Crates whose types must not be in a public signature.
const HIDDEN: &[&str] = &["sea_orm", "sqlx", "sea_orm_migration"];

/// Public signatures that name a hidden type, one line each. A bare `pub` counts anywhere: an item for the
/// crate alone must be `pub(crate)`.
pub fn leaks(text: &str) -> Vec<String> {
    let file = syn::parse_file(text).expect("source that compiles");
    let mut names: BTreeSet<String> = HIDDEN.iter().map(|name| (*name).to_owned()).collect();
    file.items
        .iter()
        .for_each(|item| collect_imports(item, &mut names));
    let mut found = Vec::new();
    file.items
        .iter()
        .for_each(|item| check_item(item, &names, &mut found));
    found
}

/// The number of uses of the name `mint` in code (comments and strings do not count).
pub fn mints(text: &str) -> usize {
    fn count(tokens: TokenStream) -> usize {
        tokens
            .into_iter()
            .map(|token| match token {
                TokenTree::Ident(ident) => usize::from(ident == "mint"),
                TokenTree::Group(group) => count(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
            })
            .sum()
    }
    count(text.parse().expect("source that compiles"))
}

fn collect_imports(item: &Item, names: &mut BTreeSet<String>) {
    match item {
        Item::Use(import) => leaves(&import.tree, false, names),
        Item::Mod(module) => {
            module
                .content
                .iter()
                .flat_map(|(_, items)| items)
                .for_each(|item| collect_imports(item, names));
        }
        _ => {}
    }
}

fn leaves(tree: &UseTree, hidden: bool, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(
            &path.tree,
            hidden || HIDDEN.iter().any(|name| path.ident == name),
            names,
        ),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, hidden, names)),
        UseTree::Name(name) if hidden => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(name) if hidden || HIDDEN.iter().any(|hidden| name.ident == hidden) => {
            names.insert(name.rename.to_string());
        }
        UseTree::Name(_) | UseTree::Rename(_) | UseTree::Glob(_) => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn names_hidden(syntax: &impl ToTokens, names: &BTreeSet<String>) -> bool {
    fn search(tokens: TokenStream, names: &BTreeSet<String>) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => names.contains(&ident.to_string()),
            TokenTree::Group(group) => search(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        })
    }
    search(syntax.to_token_stream(), names)
}

fn check_fields(owner: &str, fields: &Fields, all: bool, names: &BTreeSet<String>, found: &mut Vec<String>) {
    let leaking = fields
        .iter()
        .filter(|field| all || is_public(&field.vis))
        .any(|field| names_hidden(&field.ty, names));
    if leaking {
        found.push(format!("{owner} has a public field of a hidden type"));
    }
}

fn check_signature(signature: &Signature, names: &BTreeSet<String>, found: &mut Vec<String>) {
    if names_hidden(signature, names) {
        found.push(format!("fn {}", signature.ident));
    }
}

fn check_item(item: &Item, names: &BTreeSet<String>, found: &mut Vec<String>) {
    match item {
        Item::Fn(function) if is_public(&function.vis) => check_signature(&function.sig, names, found),
        Item::Struct(it) if is_public(&it.vis) => {
            check_fields(&it.ident.to_string(), &it.fields, false, names, found);
        }
        Item::Enum(it) if is_public(&it.vis) => {
            it.variants.iter().for_each(|variant| {
                check_fields(
                    &format!("{}::{}", it.ident, variant.ident),
                    &variant.fields,
                    true,
                    names,
                    found,
                );
            });
        }
        Item::Type(it) if is_public(&it.vis) && names_hidden(&it.ty, names) => {
            found.push(format!("type {}", it.ident));
        }
        Item::Const(it) if is_public(&it.vis) && names_hidden(&it.ty, names) => {
            found.push(format!("const {}", it.ident));
        }
        Item::Use(it) if is_public(&it.vis) && names_hidden(&it.tree, names) => {
            found.push(format!("pub use {}", it.tree.to_token_stream()));
        }
        Item::Trait(it) if is_public(&it.vis) => it.items.iter().for_each(|item| {
            if let TraitItem::Fn(function) = item {
                check_signature(&function.sig, names, found);
            }
        }),
        Item::Impl(it) => check_impl(it, names, found),
        Item::Mod(it) => {
            it.content
                .iter()
                .flat_map(|(_, items)| items)
                .for_each(|item| check_item(item, names, found));
        }
        _ => {}
    }
}

fn check_impl(it: &syn::ItemImpl, names: &BTreeSet<String>, found: &mut Vec<String>) {
    if let Some((_, path, _)) = &it.trait_ {
        // A conversion from a hidden type is public, whatever its visibility.
        if path.segments.last().is_some_and(|last| last.ident == "From") && names_hidden(path, names) {
            found.push(format!("impl {}", path.to_token_stream()));
        }
        return;
    }
    for item in &it.items {
        if let ImplItem::Fn(function) = item
            && is_public(&function.vis)
        {
            check_signature(&function.sig, names, found);
        }
    }
}
