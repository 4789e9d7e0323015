//! The macro behind every table of the manifest.
//!
//! It makes the type, its reader and (through `schemars`) its schema from one list of keys, so that what is accepted and what is
//! documented cannot differ. Whoever uses it imports `JsonSchema`, `DeValue`, `Located`, `FromToml`, `ManifestReader` and `Spot`.

macro_rules! tables {
    ($($(#[$meta:meta])* $type:ident = $kind:literal { $($(#[$doc:meta])* $key:ident: $value:ty,)+ })+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub struct $type { $($(#[$doc])* pub $key: Option<Located<$value>>,)+ }

        impl FromToml for $type {
            fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
                let mut table = reader.table(value, spot, $kind)?;
                let read = Self { $($key: table.take(stringify!($key)),)+ };
                table.finish();
                Some(read)
            }
        }
    )+ };
}

pub(super) use tables;
