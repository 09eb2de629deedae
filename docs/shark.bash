# bash completion for shark(1)
#
# What can stand in a script's line is asked of the script itself: "shark NAME --complete LINE BREAKS" is given the
# line as it was typed, expands nothing in it, traces nothing, and prints what fits, quoted as the line needs it.
# Nothing that it prints is expanded here.

_shark_ask() { # arguments
	"$shark" "$@" </dev/null 2>/dev/null
}

# Of the lines of standard input those that begin as what is typed.
_shark_offer() {
	local line
	while IFS= read -r line; do
		[[ $line != "$cur"* ]] || COMPREPLY+=("$line")
	done
}

# Where nothing else was found, readline completes the name of a file.
_shark_files() {
	compopt -o default 2>/dev/null
}

_shark_options() {
	_shark_ask --help | grep -oE '^ +(-[a-zA-Z])?(, |    )?(--[a-z]*)?' | tr -s ', ' '\n'
}

_shark_modules() {
	_shark_ask -e 'for _, module in ipairs(require "shark.modules") do print(module.name) end'
}

# A packaged script, a folder, or a file with the suffix that files need here.
_shark_scripts() {
	_shark_offer < <(_shark_ask --list | sed 's/ .*//')
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.lua' -- "$cur")
	compopt -o filenames 2>/dev/null
	[[ $cur != */* ]] || _shark_files
}

_shark_arguments() { # script, the line behind it
	local answer
	while IFS= read -r answer; do
		case $answer in
		"word "*) COMPREPLY+=("${answer#word }") ;;
		files) _shark_files ;;
		esac
	done < <(_shark_ask -l _=shark.completion.asked "$1" --complete "$2" "$COMP_WORDBREAKS")
}

_shark_command() { # which of the words it begins with
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((COMP_CWORD == $1)); then
		_shark_offer < <(compgen -c -- "$cur")
	else
		_shark_files
	fi
}

_shark() {
	local cur=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} shark script= wants= option= word i
	[[ $cur != = ]] || cur=
	shark=$(type -P -- "$1") || shark=shark
	COMPREPLY=()
	line=${line#*"${COMP_WORDS[0]}"}
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ -n $script ]]; then
			[[ $word == -- ]] || continue
			_shark_command $((i + 1))
			return
		fi
		line=${line#*"$word"}
		if [[ $word == = ]]; then # a word of its own to bash
			wants=$option
		elif [[ -n $wants ]]; then
			wants=
		elif [[ $word == -[el] || $word == --@(root|core|btf|symbols) ]]; then
			wants=$word option=$word
		elif [[ $word != -?* ]]; then
			script=$word
		fi
	done
	case ${script:-$wants} in
	-e) ;;
	-l) _shark_offer < <(_shark_modules) ;;
	--root | --core | --btf | --symbols) _shark_files ;;
	"") if [[ $cur == -* ]]; then _shark_offer < <(_shark_options); else _shark_scripts; fi ;;
	*[!a-z0-9-]* | -) _shark_files ;;
	*) _shark_arguments "$script" "$line" ;;
	esac
}
complete -F _shark shark
