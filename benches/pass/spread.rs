//! Numbers with their noise: owns what counts as more than noise, and does not know what is measured.
//!
//! A disturbance of the machine lasts longer than a run, so runs count in blocks. The median of a block ignores single slow runs, and the
//! middle half of the blocks shows how much the machine itself changes.

/// How many runs make a block.
pub const BLOCK: usize = 10;

/// The median of some numbers, and the quartiles.
pub struct Spread {
    low: f64,
    middle: f64,
    high: f64,
}

impl Spread {
    /// The spread of numbers that each count.
    pub fn of(mut numbers: Vec<f64>) -> Spread {
        numbers.sort_by(f64::total_cmp);
        let quarter = |quarters: usize| numbers[(numbers.len() - 1) * quarters / 4];
        Spread { low: quarter(1), middle: quarter(2), high: quarter(3) }
    }

    /// The spread of the medians of blocks.
    pub fn of_blocks(runs: &[f64]) -> Spread {
        Spread::of(medians(runs))
    }

    /// The spread of the ratios of blocks that ran in the same turns.
    pub fn of_ratios(runs: &[f64], to: &[f64]) -> Spread {
        Spread::of(medians(runs).iter().zip(medians(to)).map(|(run, to)| run / to).collect())
    }

    /// Whether it is above a number by more than noise: three quarters of the blocks are.
    pub fn is_above(&self, number: f64) -> bool {
        self.low > number
    }

    /// In whole numbers.
    pub fn whole(&self) -> String {
        format!("{:.0} ({:.0}-{:.0})", self.middle, self.low, self.high)
    }

    /// To the thousandth.
    pub fn fine(&self) -> String {
        format!("{:.3} ({:.3}-{:.3})", self.middle, self.low, self.high)
    }
}

fn medians(runs: &[f64]) -> Vec<f64> {
    runs.chunks(BLOCK).map(|block| Spread::of(block.to_vec()).middle).collect()
}
