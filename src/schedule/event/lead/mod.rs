//! What a lead decides about finished work.

pub(in crate::schedule) mod review;
