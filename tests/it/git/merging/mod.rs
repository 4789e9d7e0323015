//! Floor 3: merges, forecasts and landings in real repositories.

mod beside;
mod candidate;
mod carry;
mod forecast;
mod integrate;
mod landing;
