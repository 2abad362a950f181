//! Scripts that shells complete command lines with.

use clap_complete::Shell;

use super::Cli;

/// The script of a shell: the words of the command line, and ids and names that the server is asked for.
pub(super) fn script(shell: Shell) -> String {
    let mut command = <Cli as clap::CommandFactory>::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "doorward", &mut script);
    let script = String::from_utf8_lossy(&script);
    match shell {
        Shell::Bash => format!("{script}{BASH}"),
        // Its own function asks the server, and then the one that was made.
        Shell::Zsh => {
            let words = script.replacen("\n_doorward() {", "\n_doorward_words() {", 1);
            match words.rfind("\nif [ \"$funcstack[1]\"") {
                Some(end) => format!("{}\n{ZSH}{}", &words[..end], &words[end..]),
                None => words,
            }
        }
        Shell::Fish => format!("{script}{FISH}"),
        _ => script.into_owned(),
    }
}

/// What is put after bash's script. Bash takes `@` and `:` for the ends of words: what stands before them stays.
const BASH: &str = r#"
_doorward_with_ids() {
    local line="${COMP_LINE:0:COMP_POINT}" word kept
    local -a typed=() found=()
    read -ra typed <<< "$line"
    [[ "$line" == *[[:space:]] ]] && typed+=("")
    local cur="${typed[-1]}"
    kept="${cur%"${cur##*[@:=]}"}"
    # Not by compgen -W, which would run what stands in a name.
    while IFS=$'\t' read -r word _; do
        [[ "$word" == "$cur"* ]] && found+=("${word#"$kept"}")
    done < <(doorward complete -- "${typed[@]:1}" 2>/dev/null)
    if ((${#found[@]})); then
        COMPREPLY=("${found[@]}")
    else
        _doorward "$@"
    fi
}
complete -F _doorward_with_ids -o bashdefault -o default doorward
"#;

/// What is put into zsh's script, before the end that calls it.
const ZSH: &str = r#"
_doorward() {
    local line value
    local -a found
    for line in "${(@f)$(doorward complete -- "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}"; do
        [[ -z "$line" ]] && continue
        value="${line%%$'\t'*}"
        found+=("${value//:/\\:}:${line#*$'\t'}")
    done
    if (( $#found )); then
        _describe -t doorward-ids 'on the server' found
    else
        _doorward_words "$@"
    fi
}
"#;

/// What is put after fish's script.
const FISH: &str = r#"
function __doorward_wants_ids
    set -l words (commandline -opc) (commandline -ct)
    set -g __doorward_found (doorward complete -- $words[2..-1] 2>/dev/null)
    test -n "$__doorward_found"
end
complete -c doorward -f -n __doorward_wants_ids -a '(printf "%s\n" $__doorward_found)'
"#;
