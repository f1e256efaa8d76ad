//! The source files as modules that import each other: owns what a path leads to, and knows no picture.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::source::{Import, imports};

/// A module's path; that of `lib.rs` is empty.
type Module = Vec<String>;

/// The files below `src/`.
pub struct Tree(BTreeMap<Module, File>);

struct File {
    path: String,
    imports: Vec<Import>,
}

/// One import. Modules are written like `election::decide`, those of the two roots `lib` and `main`.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrow {
    /// The module that imports.
    pub from: String,
    /// The module that it imports, or imports something of.
    pub to: String,
    /// File, line and import.
    pub place: String,
}

impl Tree {
    /// Reads all files below a directory but those of tests.
    pub fn read(src: &Path) -> Tree {
        let mut files = Vec::new();
        let mut directories = vec![src.to_owned()];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let is_of_tests = path.file_stem().is_some_and(|name| name == "tests");
                if path.is_dir() && !is_of_tests {
                    directories.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") && !is_of_tests {
                    let text = fs::read_to_string(&path).unwrap();
                    files.push((path.strip_prefix(src).unwrap().to_str().unwrap().to_owned(), text));
                }
            }
        }
        Tree::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
    }

    /// The tree of these files, each a path below `src/` and a text.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tree {
        let files = files.into_iter().map(|(path, text)| {
            let module = path.trim_end_matches(".rs").trim_end_matches("/mod");
            let module = if module == "lib" { Module::new() } else { module.split('/').map(str::to_owned).collect() };
            (module, File { path: format!("src/{path}"), imports: imports(text) })
        });
        Tree(files.collect())
    }

    /// The rooms: every file and folder right below `src/`.
    pub fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<String> = self.0.keys().map(|module| room(&name(module)).to_owned()).collect();
        rooms.dedup();
        rooms
    }

    /// The imports from one room of another.
    pub fn between_rooms(&self) -> Vec<Arrow> {
        let arrows = self.arrows(|path| {
            // What a room shows of another is its own face.
            let is_in_a_room = path.first().is_some_and(|room| self.0.contains_key(std::slice::from_ref(room)));
            if is_in_a_room { self.nearest(path) } else { self.origin(path) }
        });
        arrows.into_iter().filter(|arrow| room(&arrow.from) != room(&arrow.to)).collect()
    }

    /// The imports from one file of another inside a room, each of the file that has the item. A file above others imports them.
    pub fn inside(&self, room: &str) -> Vec<Arrow> {
        let is_inside = |module: &Module| module.first().is_some_and(|first| first == room);
        let mut arrows = self.arrows(|path| self.origin(path));
        arrows.extend(self.0.keys().filter(|module| module.len() > 1).map(|module| Arrow {
            from: name(&module[..module.len() - 1]),
            to: name(module),
            place: format!("{}: is part of the one above", self.0[module].path),
        }));
        let inside = self.0.keys().filter(|module| is_inside(module)).map(|module| name(module)).collect::<Vec<_>>();
        arrows.retain(|arrow| arrow.from != arrow.to && inside.contains(&arrow.from) && inside.contains(&arrow.to));
        arrows
    }

    fn arrows(&self, target: impl Fn(&[String]) -> Module) -> Vec<Arrow> {
        let of_file = |(module, file): (&Module, &File)| {
            let arrows = file.imports.iter().filter_map(|import| {
                let to = name(&target(&self.absolute(module, &import.path)?));
                let place = format!("{}:{}: {}", file.path, import.line, import.path.join("::"));
                Some(Arrow { from: name(module), to, place })
            });
            arrows.collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_file).collect()
    }

    /// A path from the root of the crate; `None` when it leads to another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            // The program has nothing but the library's face.
            "consul_master_election_tagger" => Some(Module::new()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let (_, above) = module.split_last()?;
                if rest.first().is_some_and(|next| next == "super") {
                    return self.absolute(above, rest);
                }
                Some([above, rest].concat())
            }
            _ => self.0.contains_key(&[module, std::slice::from_ref(first)].concat()).then(|| [module, path].concat()),
        }
    }

    /// The module that a path leads into.
    fn nearest(&self, path: &[String]) -> Module {
        let depth = (0..=path.len()).rev().find(|depth| self.0.contains_key(&path[..*depth]));
        path[..depth.unwrap_or_default()].to_vec()
    }

    /// The module that has what a path leads to, through everything that is imported on the way.
    fn origin(&self, path: &[String]) -> Module {
        let module = self.nearest(path);
        let Some(item) = path.get(module.len()) else { return module };
        let imported = self.0.get(&module).into_iter().flat_map(|file| &file.imports);
        let mut imported = imported.filter(|import| import.name.as_ref() == Some(item));
        let beyond = imported.find_map(|import| self.absolute(&module, &import.path)).filter(|beyond| beyond != path);
        beyond.map_or(module, |beyond| self.origin(&beyond))
    }
}

/// The room that a module is in.
pub fn room(module: &str) -> &str {
    module.split("::").next().unwrap_or(module)
}

fn name(module: &[String]) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

/// The arrows of one circle, when there is any.
pub fn circle(arrows: &[Arrow]) -> Option<Vec<&Arrow>> {
    let mut left: Vec<&Arrow> = arrows.iter().collect();
    loop {
        let before = left.clone();
        left.retain(|arrow| before.iter().any(|next| next.from == arrow.to));
        if left.len() == before.len() {
            break;
        }
    }
    // Every arrow that is left leads to another one, so that each walk comes back to where it has been.
    let mut walk = vec![*left.first()?];
    loop {
        let at = &walk.last()?.to;
        if let Some(start) = walk.iter().position(|arrow| arrow.from == *at) {
            return Some(walk.split_off(start));
        }
        walk.push(left.iter().find(|arrow| arrow.from == *at)?);
    }
}
