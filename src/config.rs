//! File and environment to typed configuration.
