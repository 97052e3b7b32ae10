//! A line of a shell as the commands in it, each as its words: as much of the shell as the documents use.

/// The commands of a line: what stands between `|`, `&&`, `||`, `;` and `&`, without redirections, comments and variables before it.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut words = words(line).into_iter();
    while let Some(word) = words.next() {
        let last = commands.last_mut().unwrap();
        match word {
            Word::Operator => commands.push(Vec::new()),
            Word::Redirection => drop(words.next()),
            Word::Text(text) if last.is_empty() && is_before_a_command(&text) => {}
            Word::Text(text) => last.push(text),
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

fn is_before_a_command(word: &str) -> bool {
    let is_variable = word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    is_variable || ["sudo", "time", "/usr/bin/time", "exec"].contains(&word)
}

enum Word {
    Text(String),
    Operator,
    Redirection,
}

fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            c if c.is_whitespace() => drop(chars.next()),
            '#' => break,
            '|' | '&' | ';' => {
                while chars.next_if(|c| "|&;".contains(*c)).is_some() {}
                words.push(Word::Operator);
            }
            '>' | '<' => {
                while chars.next_if(|c| "<>&".contains(*c)).is_some() {}
                words.push(Word::Redirection);
            }
            _ => {
                let text = text(&mut chars);
                let is_descriptor = text.chars().all(|c| c.is_ascii_digit()) && chars.peek() == Some(&'>');
                if !is_descriptor {
                    words.push(Word::Text(text));
                }
            }
        }
    }
    words
}

fn text(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| !c.is_whitespace() && !"|&;<>".contains(*c)) {
        match c {
            '\'' | '"' => text.extend(chars.by_ref().take_while(|inner| *inner != c)),
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let line = "A=1 zstdcat a-*.zst | adcs-watch replay - --x 'a b' 2>err > out && echo \"x # y\" # all";
    assert_eq!(
        commands(line),
        [vec!["zstdcat", "a-*.zst"], vec!["adcs-watch", "replay", "-", "--x", "a b"], vec!["echo", "x # y"]]
    );
}
