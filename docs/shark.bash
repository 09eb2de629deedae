# bash completion for shark(1)
_shark() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word i script=
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-e|-l|--root) ((i++)) ;;
		-*) ;;
		*) script=$word; break ;;
		esac
	done
	if [[ -n $script ]]; then
		# The options of a packaged script, from its own --help.
		if [[ $cur == -* && $script != */* && $script != *.lua ]]; then
			COMPREPLY=($(compgen -W "$(shark "$script" --help 2>/dev/null |
				grep -oE -- '(^|[ ,])--?[a-zA-Z][-a-z]*' | tr -d ' ,')" -- "$cur"))
		else
			COMPREPLY=($(compgen -f -- "$cur"))
		fi
		return
	fi
	case $prev in
	-e|-l) return ;;
	--root) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W '-e -l -i --list --root -V --verbose -v --version -h --help --' -- "$cur"))
	elif [[ $cur == */* ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
	else
		# A file here needs its suffix, or a slash.
		COMPREPLY=($(compgen -d -- "$cur") $(compgen -f -X '!*.lua' -- "$cur") $(compgen -W "$(shark --list 2>/dev/null | awk '{ print $1 }')" -- "$cur"))
	fi
}
complete -o filenames -F _shark shark
