//! No symbolic link leaves the repository: such a link names a path of somebody's machine.

use crate::architecture::assert_none;
use std::fs;
use std::path::Path;

#[test]
fn no_link_leaves_the_repository() {
    assert_none(outward_links(Path::new(env!("CARGO_MANIFEST_DIR"))));
}

/// Symbolic links below `root` whose target is elsewhere or missing. What builds and version control keep is not looked at.
fn outward_links(root: &Path) -> Vec<String> {
    let root = fs::canonicalize(root).unwrap();
    let mut complaints = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            let skipped = ["target", ".git"].iter().any(|name| path == root.join(name));
            if kind.is_dir() && !skipped {
                folders.push(path);
            } else if kind.is_symlink() && !fs::canonicalize(&path).is_ok_and(|to| to.starts_with(&root)) {
                complaints.push(format!("{} is a link that leaves the repository", path.display()));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::assert_one;

    #[cfg(unix)]
    #[test]
    fn link_to_another_place_is_refused() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repository");
        fs::create_dir_all(root.join("docs")).unwrap();
        fs::write(root.join("README.md"), "").unwrap();
        symlink("../README.md", root.join("docs/README.md")).unwrap();
        assert_eq!(outward_links(&root), [""; 0]);
        symlink(folder.path(), root.join("bin")).unwrap();
        assert_one(&outward_links(&root), "bin is a link");
        fs::remove_file(root.join("bin")).unwrap();
        symlink("gone", root.join("docs/gone.md")).unwrap();
        assert_one(&outward_links(&root), "gone.md is a link");
    }
}
