//! The fenced blocks of a document.

/// How a line ends that writes the following ones into a file.
const HERE: &str = "<<'END'";

/// One block.
pub(crate) struct Block {
    /// What stands behind the fence: the kind, and after a comma whose it is when it is not ours.
    pub(crate) info: String,
    /// The line of the document on which its text begins.
    pub(crate) line: usize,
    /// Without the fences, and without what the fence is indented by.
    pub(crate) text: String,
}

impl Block {
    /// The files that a shell is told to write, `cat > FILE <<'END'`.
    pub(crate) fn files(&self) -> Vec<Block> {
        let mut files: Vec<Block> = Vec::new();
        let mut inside = false;
        for (n, line) in self.text.lines().enumerate() {
            if inside && line != "END" {
                let file = files.last_mut().unwrap();
                file.text.push_str(line);
                file.text.push('\n');
                continue;
            }
            inside = line.ends_with(HERE);
            if inside {
                let name = line
                    .trim_end_matches(HERE)
                    .rsplit_once('.')
                    .map_or("", |(_, extension)| extension.trim());
                files.push(Block { info: name.to_owned(), line: self.line + n + 1, text: String::new() });
            }
        }
        files
    }

    /// Lines of a shell with those that continue them, each with its number from the first.
    pub(crate) fn commands(&self) -> Vec<(usize, String)> {
        let mut commands: Vec<(usize, String)> = Vec::new();
        let (mut continued, mut inside) = (false, false);
        for (n, line) in self.text.lines().enumerate() {
            if inside {
                inside = line != "END";
                continue;
            }
            inside = line.ends_with(HERE);
            let part = line.strip_suffix('\\').unwrap_or(line).trim();
            match commands.last_mut() {
                Some((_, command)) if continued => {
                    command.push(' ');
                    command.push_str(part);
                }
                Some(_) | None => commands.push((n, part.to_owned())),
            }
            continued = line.ends_with('\\');
        }
        commands
    }
}

/// All blocks, in order.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(Block, usize)> = None;
    for (n, line) in document.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), open.take()) {
            (Some(info), None) => {
                open =
                    Some((Block { info: info.trim().to_owned(), line: n + 2, text: String::new() }, indent));
            }
            (Some(_), Some((block, _))) => found.push(block),
            (None, Some((mut block, before))) => {
                block.text.push_str(line.get(before.min(indent)..).unwrap_or_default());
                block.text.push('\n');
                open = Some((block, before));
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}
