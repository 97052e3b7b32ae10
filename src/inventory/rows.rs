//! The rows of an export, whatever its format.

use crate::inventory::row::{Row, folded};
use crate::inventory::{Mistake, ldif};
use serde_json::Value;

/// What a decoder writes for bytes that are not of the encoding.
const NOT_UTF_8: char = '\u{fffd}';

/// The rows of a text: JSON if it begins so, LDIF if its first line names an object, else a table.
pub(crate) fn read(text: &str) -> Vec<Result<Row, Mistake>> {
    let text = text.trim_start_matches('\u{feff}');
    let begin = text.trim_start();
    if begin.starts_with(['[', '{']) {
        json(text)
    } else if ldif::is_ldif(begin) {
        ldif::rows(text).into_iter().map(Ok).collect()
    } else {
        table(text)
    }
}

/// What each row states, with its line.
pub(crate) fn each<T>(
    rows: Vec<Result<Row, Mistake>>,
    of: impl Fn(&Row) -> Result<T, Mistake>,
) -> Vec<(u64, Result<T, Mistake>)> {
    rows.into_iter()
        .map(|row| match row {
            Ok(row) if row.has(NOT_UTF_8) => (
                row.line,
                Err(Mistake::new(row.line, "the text is neither UTF-8 nor UTF-16: export it as UTF-8")),
            ),
            Ok(row) => (row.line, of(&row)),
            Err(mistake) => (mistake.line, Err(mistake)),
        })
        .collect()
}

/// An array, one object, or an object on each line.
fn json(text: &str) -> Vec<Result<Row, Mistake>> {
    let mut rows = Vec::new();
    for (index, value) in serde_json::Deserializer::from_str(text).into_iter::<Value>().enumerate() {
        match value {
            Ok(Value::Array(values)) => values.into_iter().for_each(|v| rows.push(object(rows.len(), v))),
            // `ConvertTo-Json` of Windows PowerShell wraps some lists.
            Ok(Value::Object(mut fields)) if fields.contains_key("Count") => match fields.remove("value") {
                Some(Value::Array(values)) => {
                    values.into_iter().for_each(|v| rows.push(object(rows.len(), v)))
                }
                _ => rows.push(object(index, Value::Object(fields))),
            },
            Ok(value) => rows.push(object(index, value)),
            Err(error) => {
                rows.push(Err(Mistake::new(error.line() as u64, format!("no JSON: {error}"))));
                break;
            }
        }
    }
    rows
}

fn object(index: usize, value: Value) -> Result<Row, Mistake> {
    let mut row = Row::at(index as u64 + 1);
    let Value::Object(fields) = value else {
        return Err(Mistake::new(row.line, "no object with named values"));
    };
    fields.iter().for_each(|(name, value)| add_json(&mut row, name, value));
    Ok(row)
}

/// PowerShell writes a SID as an object with `Value`, and collections as lists.
fn add_json(row: &mut Row, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => row.add(name, if *flag { "true" } else { "false" }),
        Value::Number(number) => row.add(name, &number.to_string()),
        Value::String(text) => row.add(name, text),
        Value::Array(values) => values.iter().for_each(|value| add_json(row, name, value)),
        Value::Object(fields) => {
            let value = fields.get("Value").or_else(|| fields.get("value"));
            value.into_iter().for_each(|v| add_json(row, name, v))
        }
    }
}

/// The rows of a table whose headings are in another language: where none of them is one of these, and
/// there are as many, its columns have this order. A heading has no name of an account.
pub(crate) fn read_in_order(text: &str, columns: &[&str]) -> Vec<Result<Row, Mistake>> {
    let (heading, rest) = text.split_once('\n').unwrap_or((text, ""));
    let names: Vec<String> = heading.split([',', ';']).map(folded).collect();
    let is_known = columns.iter().any(|column| names.contains(&folded(column)));
    let is_row = heading.contains('\\');
    if is_known || is_row || names.len() != columns.len() {
        return read(text);
    }
    let separator = if heading.contains(';') { ";" } else { "," };
    read(&format!("{}\n{rest}", columns.join(separator)))
}

fn table(text: &str) -> Vec<Result<Row, Mistake>> {
    // A line ends with LF for the numbers of lines; an export of Windows has CR LF.
    let text = &text.replace("\r\n", "\n");
    // `Export-Csv` of Windows PowerShell writes its type before the heading.
    let skipped = u64::from(text.starts_with("#TYPE"));
    let text = if skipped == 1 { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    let heading = text.lines().next().unwrap_or_default();
    let separator = if heading.matches(';').count() > heading.matches(',').count() { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let names = match reader.headers() {
        Ok(names) => names.clone(),
        Err(error) => return vec![Err(Mistake::new(1, format!("no table: {error}")))],
    };
    let line_of = |position: Option<&csv::Position>| position.map_or(0, csv::Position::line) + skipped;
    let of_record = |record: csv::Result<csv::StringRecord>| match record {
        Ok(record) if record.len() > names.len() => {
            let message = format!("{} values for {} columns", record.len(), names.len());
            Err(Mistake::new(line_of(record.position()), message))
        }
        Ok(record) => {
            let mut row = Row::at(line_of(record.position()));
            names.iter().zip(&record).for_each(|(name, value)| row.add(name, value));
            Ok(row)
        }
        Err(error) => Err(Mistake::new(line_of(error.position()), error.to_string())),
    };
    reader.records().map(of_record).collect()
}

#[cfg(test)]
mod tests {
    use crate::inventory::row::Row;
    use crate::inventory::rows::{each, read};

    fn names(text: &str) -> Vec<Option<String>> {
        let name = |row: Row| row.first(&["sAMAccountName"]).map(str::to_owned);
        read(text).into_iter().map(|row| row.ok().and_then(name)).collect()
    }

    #[test]
    fn rows_of_every_format_are_read() {
        let expected = [Some("ann".to_owned()), Some("bob".to_owned())];
        for text in [
            "SamAccountName,SID\nann,S-1-5-21-1-2-3-4\nbob,\n",
            "\u{feff}#TYPE Microsoft.ActiveDirectory.Management.ADUser\n\"SamAccountName\";\"SID\"\n\"ann\";\"\"\n\"bob\";\"\"\n",
            r#"[{"SamAccountName": "ann", "SID": {"Value": "S-1-5-21-1-2-3-4"}}, {"SamAccountName": "bob"}]"#,
            "{\"samaccountname\": \"ann\"}\n{\"samaccountname\": \"bob\"}\n",
            r#"{"value": [{"SamAccountName": "ann"}, {"SamAccountName": "bob"}], "Count": 2}"#,
            "dn: CN=ann,DC=corp,DC=example\nsAMAccountName: ann\n\ndn: CN=bob,DC=corp,DC=example\nsAMAccountName: bob\n",
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn row_that_cannot_be_read_costs_no_other() {
        let rows = read("SamAccountName,SID\nann,a,b,c\nbob,\n");
        assert_eq!(rows[0].as_ref().unwrap_err().to_string(), "2: 4 values for 2 columns");
        assert!(rows[1].is_ok());
        assert_eq!(read("[1]")[0].as_ref().unwrap_err().message, "no object with named values");
        assert!(read("[{]")[0].is_err());
        let rows = read("SamAccountName,SID\r\nann,\r\nbob,a,b\r\n");
        assert_eq!(rows[1].as_ref().unwrap_err().line, 3, "a line of Windows is one line");
    }

    #[test]
    fn text_of_another_encoding_is_no_row() {
        let rows = each(read("SamAccountName,mail\nj\u{fffd}rgen,\nann,\n"), |row| Ok(row.line));
        assert!(rows[0].1.as_ref().is_err_and(|mistake| mistake.message.contains("UTF-8")));
        assert_eq!(rows[1].1, Ok(3));
    }
}
