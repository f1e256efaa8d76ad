//! Measures the cost of one run of the program against the floor (`floor.rs`) and, with `BASE_BIN`, against an earlier build. Absolute
//! times mean little on a shared machine, so all run in turns on the same real agent, and their ratios count.

#[path = "../../tests/scenarios/harness/mod.rs"]
mod harness;
mod run;
mod spread;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Cluster, Node};
use serde_json::json;

use run::{Cost, peak_memory};
use spread::Spread;

const THIS: &str = env!("CARGO_BIN_EXE_consul-master-election-tagger");

const TURNS: usize = 400;
const WARM_UP: usize = 40;

/// How often the peak of memory is measured; it differs by a few pages.
const PEAKS: usize = 9;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A build of the program.
struct Build {
    name: &'static str,
    file: PathBuf,
}

/// A command that is measured.
struct Contender {
    name: &'static str,
    file: PathBuf,
    command: Command,
}

impl Build {
    /// Each build has an election of its own: otherwise one could write what the other corrects, and neither would be steady.
    fn service(&self) -> String {
        format!("redis-{}", self.name)
    }

    fn pass(&self, node: &Node) -> Contender {
        let mut command = Command::new(&self.file);
        command.env_clear().env("CONSUL_HTTP_ADDR", node.address()).args(["--consul-service-name", &self.service()]);
        Contender { name: self.name, file: self.file.clone(), command }
    }
}

fn main() -> Result<()> {
    let this = Build { name: "this", file: copied(Path::new(THIS), "this")? };
    let base = env::var_os("BASE_BIN").map(|file| copied(Path::new(&file), "base")).transpose()?;
    let base = base.map(|file| Build { name: "base", file });
    let floor = copied(&Path::new(THIS).with_file_name("examples").join("floor"), "floor")?;
    let builds: Vec<&Build> = base.iter().chain([&this]).collect();
    let cluster = Cluster::of(2);
    let [master, slave] = cluster.nodes();
    for node in [master, slave] {
        for build in &builds {
            let check = json!({"Name": "ping", "TTL": "1h", "Status": "passing"});
            let service = json!({"Name": build.service(), "Port": 6379, "Tags": ["v7"], "Check": check});
            node.api().register(&service);
            // The first pass settles the role; the others are steady.
            Cost::of(&mut build.pass(node).command)?;
        }
    }
    cluster.settle();

    println!("{TURNS} runs each, in turns. In brackets: the middle half of {} blocks of runs\n", TURNS / spread::BLOCK);
    row(&["pass", "of", "wall, us", "to the floor", "CPU, us", "memory, KiB", "binary, KiB"].map(str::to_owned));
    let election = format!("{}-master", this.service());
    let health = format!("/v1/agent/health/service/name/{}", this.service());
    let (key, query) = (format!("/v1/kv/service/{election}/leader"), format!("/v1/query/{election}/execute"));
    let mut verdicts = Vec::new();
    for (role, node, paths) in [("slave", slave, &[&health, &key][..]), ("master", master, &[&health, &key, &query])] {
        let mut contenders = vec![asker(&floor, node, paths)];
        contenders.extend(builds.iter().map(|build| build.pass(node)));
        verdicts.extend(compare(role, &mut contenders)?);
    }
    if !verdicts.is_empty() {
        println!("\nthis, base = 1");
        for cells in &verdicts {
            row(cells);
        }
    }
    Ok(())
}

/// Copies a program. The page cache holds a file from the linker in such small pieces that a run takes up to a third more CPU.
fn copied(file: &Path, name: &str) -> Result<PathBuf> {
    let copies = Path::new(THIS).with_file_name("bench");
    fs::create_dir_all(&copies)?;
    let copy = copies.join(name);
    // An overwritten file keeps its pieces.
    let _ = fs::remove_file(&copy);
    fs::copy(file, &copy)?;
    Ok(copy)
}

fn asker(floor: &Path, node: &Node, paths: &[&String]) -> Contender {
    let mut command = Command::new(floor);
    command.env_clear().arg(node.address()).args(paths);
    Contender { name: "floor", file: floor.to_owned(), command }
}

/// Prints the cost of each, the floor first, and returns the rows that compare this build with the base, if there is one.
fn compare(role: &str, contenders: &mut [Contender]) -> Result<Vec<[String; 4]>> {
    let costs = in_turns(contenders)?;
    let wall = |of: usize| -> Vec<f64> { costs[of].iter().map(|cost| cost.wall).collect() };
    let cpu = |of: usize| -> Vec<f64> { costs[of].iter().map(|cost| cost.cpu).collect() };
    for (of, Contender { name, file, command }) in contenders.iter_mut().enumerate() {
        let peaks = (0..PEAKS).map(|_| peak_memory(command)).collect::<Result<Vec<f64>>>()?;
        row(&[
            role.to_owned(),
            (*name).to_owned(),
            Spread::of_blocks(&wall(of)).whole(),
            Spread::of_ratios(&wall(of), &wall(0)).fine(),
            Spread::of_blocks(&cpu(of)).whole(),
            Spread::of(peaks).whole(),
            (fs::metadata(file)?.len() / 1024).to_string(),
        ]);
    }
    let [_, _, _] = contenders else { return Ok(Vec::new()) };
    let ratios = [("wall", Spread::of_ratios(&wall(2), &wall(1))), ("CPU", Spread::of_ratios(&cpu(2), &cpu(1)))];
    let verdict = |ratio: &Spread| if ratio.is_above(1.0) { "worse by more than noise" } else { "" };
    Ok(ratios.map(|(what, ratio)| [role, what, &ratio.fine(), verdict(&ratio)].map(str::to_owned)).into())
}

/// Returns the cost of every run of each. They run in turns, and each turn begins with another one.
fn in_turns(contenders: &mut [Contender]) -> Result<Vec<Vec<Cost>>> {
    let mut costs: Vec<Vec<Cost>> = contenders.iter().map(|_| Vec::new()).collect();
    for turn in 0..WARM_UP + TURNS {
        for place in 0..contenders.len() {
            let next = (turn + place) % contenders.len();
            let cost = Cost::of(&mut contenders[next].command)?;
            if turn >= WARM_UP {
                costs[next].push(cost);
            }
        }
    }
    Ok(costs)
}

fn row(cells: &[String]) {
    let widths = [6, 5, 20, 20, 20, 18, 0];
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
}
