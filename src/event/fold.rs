//! The folding by which names are compared.
//!
//! Active Directory compares names without regard to case, accents, width and kana type (`NORM_IGNORECASE`,
//! `NORM_IGNORENONSPACE`, `NORM_IGNOREWIDTH`, `NORM_IGNOREKANATYPE`): to the directory `Émile`, `EMILE` and `ｅｍｉｌｅ` are
//! one name, and a certificate that names any of them logs on as the same account. [`fold`] maps all of them to one text:
//!
//! | Step | Example |
//! |---|---|
//! | compatibility decomposition (NFKD): width, ligatures, superscripts | `ａ` → `a`, `ﬁ` → `fi` |
//! | upper case, then lower case | `Ä` → `ä`, `İ` → `i̇`, `ᲀ` → `в` |
//! | combining marks, control and invisible characters are left out | `é` → `e`, NUL, zero-width joiner |
//! | letters without a decomposition | `ß` → `ss`, `ı` → `i`, `æ` → `ae`, `ø` → `o`, `ł` → `l`, `ς` → `σ` |
//! | katakana as hiragana | `ア` → `あ` |
//!
//! [`skeleton`] goes further: it maps characters that only look alike to one character, such as Cyrillic `а` and Latin
//! `a`. Names with one skeleton are different names to the directory, and one name to a person.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// The form of a name in which equal names are equal texts.
pub(crate) fn fold(text: &str) -> Cow<'_, str> {
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    if is_plain(text) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    if text.is_ascii() {
        return Cow::Owned(
            text.chars().filter(|c| !c.is_control()).map(|c| c.to_ascii_lowercase()).collect(),
        );
    }
    // Lower-case letters may decompose to upper-case ones and the other way round: twice is enough for all of Unicode.
    let lower: String = text.nfkd().flat_map(without_case).collect();
    let lower: String = lower.nfkd().flat_map(without_case).collect();
    let mut folded = String::with_capacity(lower.len());
    for c in lower.chars().filter(|&c| !is_ignored(c)) {
        match replacement(c) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(as_hiragana(c)),
        }
    }
    Cow::Owned(folded)
}

/// The lower case of the upper case: some letters have a variant with the same capital, such as `ᲀ` and `в`.
fn without_case(c: char) -> impl Iterator<Item = char> {
    c.to_uppercase().flat_map(char::to_lowercase)
}

/// Whether the directory takes both for one name.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!(is_plain(a) && is_plain(b)) && fold(a) == fold(b))
}

/// The form of a name in which names that look alike are equal texts. It is no name itself.
///
/// Beside letters of other scripts it maps what monospaced and small print makes alike: `0` and `o`, `1`, `i` and `l`,
/// `rn` and `m`, `vv` and `w`.
pub(crate) fn skeleton(text: &str) -> String {
    let latin: String = text.nfkd().map(latin_lookalike).collect();
    let folded = fold(&latin).chars().map(latin_lookalike).collect::<String>();
    let narrow: String = folded
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | '|' => 'l',
            c => c,
        })
        .collect();
    narrow.replace("rn", "m").replace("vv", "w")
}

/// A name as a decoder takes it over: without white space and control characters around it. Windows' own fields end in
/// NULs where a length was counted wrongly.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Whether a character is white space or a control character: what surrounds a name or a value, and is no part of it.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// The name of a domain or a host, or a name that ends in one, without white space and control characters around it and
/// without the dot of the DNS root behind it: `corp.example.` is `corp.example`.
pub(crate) fn without_root(text: &str) -> &str {
    let is_end = |c: char| is_blank(c) || matches!(c, '.' | '．' | '。' | '｡');
    trimmed(text).trim_end_matches(is_end)
}

/// The at sign in full and in small width, which the directory takes for `@`.
pub(crate) const WIDE_AT: [char; 2] = ['＠', '﹫'];

/// The at sign in every width.
pub(crate) const ANY_AT: [char; 3] = ['@', '＠', '﹫'];

/// Line ends of Unicode.
const UNICODE_LINE_ENDS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// What stands for a line end or a tab in texts that a pipeline escaped: rsyslog's octal numbers, references of XML that
/// were escaped once more, HTML, and escapes of JSON.
const LINE_ENDS: [&str; 17] = [
    "#012", "#015", "#011", "&#10;", "&#13;", "&#9;", "&#xA;", "&#xa;", "&#xD;", "&#xd;", "&#x9;", "<br>",
    "<br/>", "<br />", "\\u000a", "\\u000d", "\\u0009",
];

/// The text with line ends where a pipeline wrote something else for them.
pub(crate) fn with_line_ends(text: &str) -> Cow<'_, str> {
    let text = match text.contains(UNICODE_LINE_ENDS) {
        true => Cow::Owned(text.replace(UNICODE_LINE_ENDS, "\n")),
        false => Cow::Borrowed(text),
    };
    if !text.contains(['#', '<', '\\']) {
        return text;
    }
    let ends = LINE_ENDS.iter().filter(|end| text.contains(*end));
    ends.fold(text.clone(), |text, end| Cow::Owned(text.replace(end, "\n")))
}

/// ASCII without control characters: folding changes the case and nothing else.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (b' '..0x7f).contains(&b))
}

fn is_folded(text: &str) -> bool {
    text.bytes().all(|b| (b' '..0x7f).contains(&b) && !b.is_ascii_uppercase())
}

/// Accents and other marks that combine with a letter, control characters, and characters that show nothing (Unicode's
/// `Default_Ignorable_Code_Point`).
fn is_ignored(c: char) -> bool {
    (canonical_combining_class(c) != 0 && c != '\u{345}')
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Letters that Unicode does not decompose and that the directory's comparison expands or equates.
fn replacement(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ł' => "l",
        'ħ' => "h",
        'þ' => "th",
        'ς' => "σ",
        // The combining iota, whose capital is a letter of its own.
        '\u{345}' => "ι",
        _ => return None,
    })
}

fn as_hiragana(c: char) -> char {
    match c {
        '\u{30a1}'..='\u{30f6}' | '\u{30fd}' | '\u{30fe}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        _ => c,
    }
}

/// The Latin letter that a letter of another script looks like. Capitals and small letters differ in what they look like.
fn latin_lookalike(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    LOOKALIKES.iter().find(|(_, letters)| letters.contains(c)).map_or(c, |(latin, _)| *latin)
}

/// Cyrillic, Greek, Armenian, Cherokee, IPA and small capitals, by the Latin letter they look like.
const LOOKALIKES: [(char, &str); 26] = [
    ('a', "аАɑαΑᴀᎪ"),
    ('b', "ВвЬьΒβʙᏴᏼ"),
    ('c', "сСϲϹᴄᏟⅽⅭ"),
    ('d', "ԁԀᴅᎠꓓ"),
    ('e', "еЕєҽεΕᴇᎬ"),
    ('f', "ҒғϝϜꜰꓝ"),
    ('g', "ɡԍԌցɢᏀ"),
    ('h', "һҺнНΗհʜᎻ"),
    ('i', "іІιΙɩɪӏӀᎥꭵ"),
    ('j', "јЈϳͿᴊᎫ"),
    ('k', "кКκΚᴋᏦ"),
    ('l', "ǀⅼⅬʟᏞ"),
    ('m', "мМΜᴍᎷ"),
    ('n', "пոηΝɴ"),
    ('o', "оОοΟσօՕᴏΘө"),
    ('p', "рРρΡᴘᏢ"),
    ('q', "ԛԚզգ"),
    ('r', "гᴦʀᎡᏒꓣ"),
    ('s', "ѕЅꜱՏᏚ"),
    ('t', "тТτΤᴛᎢ"),
    ('u', "υսᴜՍµμ"),
    ('v', "ѵѴνᴠᏙ"),
    ('w', "ԝԜᴡᎳѡ"),
    ('x', "хХχΧ"),
    ('y', "уУүҮγΥʏᎩ"),
    ('z', "ζΖᴢᏃ"),
];

/// The beginning of a text, at most so many bytes of it, cut between two characters.
pub(crate) fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use crate::event::fold::{fold, is_same, skeleton, trimmed, without_root};
    use proptest::prelude::*;

    #[test]
    fn spellings_that_the_directory_equates_are_one_name() {
        for (a, b) in [
            ("ÉMILE", "émile"),
            ("Émile", "Emile"),
            ("E\u{301}mile", "Émile"),
            ("straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("ıcon", "ICON"),
            ("İcon", "icon"),
            ("ａｄｍｉｎｉｓｔｒａｔｏｒ", "Administrator"),
            ("administrator\0\0", "administrator"),
            ("admin\u{200b}istrator", "administrator"),
            ("admin\u{3164}istrator", "administrator"),
            ("admin\u{17b4}istrator", "administrator"),
            ("admin\u{fff9}istrator", "administrator"),
            ("a\u{20dd}dministrator", "administrator"),
            ("admin\u{1d173}istrator", "administrator"),
            ("Łukasz.Ångström", "lukasz.angstrom"),
            ("ﬁona", "fiona"),
            ("ΑΣ", "ας"),
            ("ｱﾍﾞ", "あへ"),
            ("アベ", "あべ"),
            ("Ⅷ", "viii"),
        ] {
            assert!(is_same(a, b), "{a:?} {b:?}: {:?} {:?}", fold(a), fold(b));
        }
    }

    #[test]
    fn names_that_differ_to_the_directory_stay_different() {
        for (a, b) in [
            ("аdministrator", "administrator"),
            ("administrator", "administrators"),
            ("alice", "al ice"),
            ("dc0l", "dc01"),
            ("か", "き"),
            ("", "a"),
        ] {
            assert!(!is_same(a, b), "{a:?} {b:?}");
        }
    }

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        for text in [
            "аdministrator",
            "ADΜINISTRATOR",
            "admіnіstrator",
            "adm1n1strat0r",
            "admlnlstrator",
            "adrninistrator",
            "ᴀᴅᴍɪɴɪsᴛʀᴀᴛᴏʀ",
            "аԁмiпistгаtог",
            "ΑDMΙΝΙSΤRΑΤΟR",
        ] {
            assert_eq!(skeleton(text), skeleton("administrator"), "{text}");
        }
        for text in ["administrators", "adminastrator", "admin"] {
            assert_ne!(skeleton(text), skeleton("administrator"), "{text}");
        }
    }

    #[test]
    fn padding_is_cut() {
        assert_eq!(trimmed(" \0alice smith\0\0\r\n"), "alice smith");
        assert_eq!(trimmed("\0"), "");
    }

    #[test]
    fn dot_of_the_root_is_cut() {
        for name in [
            "corp.example.",
            " corp.example. ",
            "corp.example.\0",
            "corp.example。",
            "corp.example .",
            "corp.example",
        ] {
            assert_eq!(without_root(name), "corp.example", "{name:?}");
        }
        assert_eq!((without_root(".corp"), without_root(".")), (".corp", ""));
    }

    fn any_name() -> impl Strategy<Value = String> {
        prop_oneof!["\\PC{0,12}", "[a-zA-ZäÖßıİſéÉσςΣａＢアあﾊﾞﬁ\u{300}\u{327}\u{345}.$ -]{0,12}", ".{0,12}"]
    }

    #[test]
    fn no_character_keeps_its_case_or_changes_when_folded_twice() {
        let mut text = String::new();
        for c in '\0'..=char::MAX {
            text.clear();
            text.push(c);
            let folded = fold(&text).into_owned();
            assert_eq!(fold(&folded), folded, "{c:?}");
            for other in [text.to_uppercase(), text.to_lowercase()] {
                assert_eq!(fold(&other), folded, "{c:?} and {other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any_name()) {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn case_does_not_matter(text in any_name()) {
            let (upper, lower) = (text.to_uppercase(), text.to_lowercase());
            prop_assert_eq!(fold(&upper), fold(&text));
            prop_assert_eq!(fold(&lower), fold(&text));
        }

        #[test]
        fn normalisation_forms_do_not_matter(text in any_name()) {
            use unicode_normalization::UnicodeNormalization;
            let forms: [String; 4] =
                [text.nfc().collect(), text.nfd().collect(), text.nfkc().collect(), text.nfkd().collect()];
            for form in forms {
                prop_assert_eq!(fold(&form), fold(&text), "{:?}", form);
            }
        }

        #[test]
        fn equal_names_have_equal_folds(a in any_name(), b in any_name()) {
            prop_assert_eq!(is_same(&a, &b), fold(&a) == fold(&b));
            prop_assert!(is_same(&a, &a.to_uppercase()));
        }

        #[test]
        fn equal_names_look_alike(text in any_name()) {
            prop_assert_eq!(skeleton(&fold(&text)).is_empty(), skeleton(&text).is_empty());
        }
    }
}
