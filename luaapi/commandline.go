package luaapi

import "github.com/netrepl/netrepl/luaapi/internal/args"

// What reads a script's words for cli.parse reads netrepl's own command lines,
// too.
type (
	Command    = args.Command
	Param      = args.Param
	Note       = args.Note
	Type       = args.Type
	UsageError = args.UsageError
)

// ErrHelp is answered by Command.Parse when the words ask for help.
var ErrHelp = args.ErrHelp

// String and Boolean are the types of netrepl's own flags and arguments.
var (
	String, _  = args.Named("string")
	Boolean, _ = args.Named("boolean")
)
