//! Tables and their pages.

use leptos::prelude::*;

use super::Icon;

/// A column's head.
#[derive(Clone, Debug, Default)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Numbers stand at the end.
    pub end: bool,
    /// Where its title leads, to sort by it, and how it is sorted now.
    pub sort: Option<SortLink>,
}

/// A column that can be sorted by: the order is in the address.
#[derive(Clone, Debug)]
pub struct SortLink {
    /// The address of the list sorted the other way.
    pub href: String,
    /// `ascending`, `descending` or `none`.
    pub now: &'static str,
}

impl Column {
    /// A column of text.
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    /// A column of numbers.
    pub fn end(title: &str) -> Self {
        Self { end: true, ..Self::new(title) }
    }
}

/// A table that becomes cards on a phone: its cells carry their column's title in `data-label`.
#[component]
pub fn Table(#[prop(into)] caption: String, columns: Vec<Column>, children: Children) -> impl IntoView {
    let heads = columns.into_iter().map(|column| {
        let sorted = column.sort.as_ref().map(|sort| sort.now);
        let title = match column.sort {
            None => column.title.into_any(),
            Some(sort) => {
                let icon = match sort.now {
                    "ascending" => "arrow-up",
                    "descending" => "arrow-down",
                    _ => "chevrons-up-down",
                };
                view! { <a href=sort.href>{column.title}<Icon name=icon/></a> }.into_any()
            }
        };
        view! { <th scope="col" data-align=column.end.then_some("end") aria-sort=sorted>{title}</th> }
    });
    let label = caption.clone();
    view! {
        <div class="table-wrap" tabindex="0" role="region" aria-label=label>
            <table class="table" data-cards="">
                <caption class="sr-only">{caption}</caption>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// The pages before and after, by address.
#[component]
pub fn Pager(#[prop(into)] about: String, previous: Option<String>, next: Option<String>) -> impl IntoView {
    let link = |href: Option<String>, text: &'static str, rel: &'static str| match href {
        Some(href) => view! { <a class="button" data-size="small" href=href rel=rel>{text}</a> }.into_any(),
        None => view! { <span class="button" data-size="small" aria-disabled="true">{text}</span> }.into_any(),
    };
    view! {
        <div class="pager">
            <span>{about}</span>
            <nav aria-label="Pages">
                {link(previous, "Previous", "prev")}
                {link(next, "Next", "next")}
            </nav>
        </div>
    }
}
