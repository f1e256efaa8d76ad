//! The request that ends a wait early. Must never know signals or passes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Ends the wait of a pass from another thread. Clones end the same wait.
#[derive(Clone, Default)]
pub struct Interrupt(Arc<State>);

#[derive(Default)]
struct State {
    happened: AtomicBool,
    listener: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Interrupt {
    /// Creates an interrupt that has not happened yet.
    #[must_use]
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Ends the wait. Work in progress is finished first.
    pub fn interrupt(&self) {
        self.0.happened.store(true, Ordering::SeqCst);
        if let Some(listener) = &*self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) {
            listener();
        }
    }

    /// Returns whether it has happened.
    pub(crate) fn has_happened(&self) -> bool {
        self.0.happened.load(Ordering::SeqCst)
    }

    /// Calls `listener` when it happens. Replaces an earlier listener.
    pub(crate) fn listen(&self, listener: impl Fn() + Send + 'static) {
        *self.0.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
    }
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupt").field(&self.has_happened()).finish()
    }
}
