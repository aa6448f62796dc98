//! The design system: every component once, with all its states in the gallery (`/design`).

mod action;
mod code;
mod container;
mod feedback;
mod field;
mod moment;
mod money;
mod overlay;
mod table;

pub use action::{Button, Icon, Link, LinkButton, Segmented};
pub use code::{CodeBlock, CopyButton};
pub use container::{Avatar, Badge, Card, EmptyState, ErrorState, PageHeader, Stat, Step, Stepper, Tabs};
pub use feedback::{Notice, Progress, Skeleton, ToastRegion, Toasts, provide_toasts, use_toasts};
pub use field::{Checkbox, Field, Input, Select, Switch, Textarea};
pub use moment::{DateTime, rfc3339};
pub use money::{MoneyText, format_count, format_money};
pub use overlay::{Dialog, Drawer, Menu, Tooltip};
pub use table::{Column, Pager, SortLink, Table};
