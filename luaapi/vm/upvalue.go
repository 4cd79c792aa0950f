package vm

import (
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua closes the upvalues of every frame of a thread when an error is
// raised, also of those below the pcall that catches it. Their functions and
// closures then no longer share their local variables:
//
//	local n = 0
//	local function inc() n = n + 1 end
//	pcall(error)
//	inc()
//	print(n) --> 0
//
// Told that there is a handler it closes none, and those of the frames that end
// lose their values. So protect says that there is a handler, and plainly closes
// what was opened above it. gopher-lua gives no other way to this than the
// fields themselves; goLua checks that they are what they were in v1.1.2.

// goLua holds where those fields stand.
var goLua = struct{ hasErrorFunc, uvcache, next uintptr }{
	hasErrorFunc: fieldOffset[lua.LState, bool]("hasErrorFunc"),
	uvcache:      fieldOffset[lua.LState, *lua.Upvalue]("uvcache"),
	next:         fieldOffset[lua.Upvalue, *lua.Upvalue]("next"),
}

func fieldOffset[S, F any](name string) uintptr {
	f, ok := reflect.TypeFor[S]().FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[F]() {
		panic("gopher-lua has changed: no field " + name + " of the known type in " + reflect.TypeFor[S]().String())
	}
	return f.Offset
}

// hasHandler is the thread's flag that says that an error handler is set.
func hasHandler(L *lua.LState) *bool {
	return (*bool)(unsafe.Add(unsafe.Pointer(L), goLua.hasErrorFunc))
}

// openUpvalues is the head of the thread's list of open upvalues, from the
// bottom of its stack to the top.
func openUpvalues(L *lua.LState) **lua.Upvalue {
	return (**lua.Upvalue)(unsafe.Add(unsafe.Pointer(L), goLua.uvcache))
}

func nextUpvalue(uv *lua.Upvalue) **lua.Upvalue {
	return (**lua.Upvalue)(unsafe.Add(unsafe.Pointer(uv), goLua.next))
}

// lastUpvalue answers the end of the list of open upvalues: where the next will
// be entered.
func lastUpvalue(L *lua.LState) **lua.Upvalue {
	p := openUpvalues(L)
	for *p != nil {
		p = nextUpvalue(*p)
	}
	return p
}

// closeUpvalues closes the upvalues from p on, so that closures keep the values
// of the frames that end.
func closeUpvalues(p **lua.Upvalue) {
	for uv := *p; uv != nil; uv = *nextUpvalue(uv) {
		uv.Close()
	}
	*p = nil
}
