local function flags(...) return { flags = { ... } } end

-- What scanning words with one flag of a type gives, or the error.
local function value(typ, word)
  local opt, err = cli.scan(flags { "x", typ, "" }, { "--x=" .. word })
  if opt then return opt.x end
  return nil, err
end

function test_types()
  for _, c in ipairs {
    { "string", "", "" },
    { "string", "a b=c", "a b=c" },
    { "integer", "-12", -12 },
    { "integer", "0x10", 16 },
    { "number", "1.5", 1.5 },
    { "number", "-1e3", -1000 },
    { "port", "0", 0 },
    { "port", "65535", 65535 },
    { "host", "localhost", "localhost" },
    { "host", "10.0.0.1", "10.0.0.1" },
    { "host", "::1", "::1" },
    { "host", "[fe80::1%eth0]", "fe80::1%eth0" },
    { "host", "*", "*" },
    { "duration", "1.5s", 1.5 },
    { "duration", "200ms", 0.2 },
    { "duration", "1m30s", 90 },
    { "duration", "2", 2 },
    { "duration", "0", 0 },
    { "size", "512", 512 },
    { "size", "64K", 65536 },
    { "size", "1.5m", 1572864 },
    { "size", "2GiB", 2147483648 },
    { "size", "10B", 10 },
    { { "tcp", "udp" }, "udp", "udp" },
  } do
    local got, err = value(c[1], c[2])
    eq(got, c[3], tostring(c[1]) .. " " .. c[2] .. " " .. tostring(err))
  end
end

function test_wrong_values()
  for _, c in ipairs {
    { "integer", "1.5", 'integer expected, got "1.5"' },
    { "integer", "", 'integer expected, got ""' },
    { "integer", "1e300", "integer expected" },
    { "integer", "9007199254740993", "integer expected" },
    { "number", "abc", "number expected" },
    { "number", "inf", "number expected" },
    { "number", "nan", "number expected" },
    { "port", "65536", 'port 0..65535 expected, got "65536"' },
    { "port", "-1", "port 0..65535 expected" },
    { "host", "", "host name or address expected" },
    { "host", "a b", "host name or address expected" },
    { "host", "localhost:80", "host name or address expected" },
    { "host", "http://x/", "host name or address expected" },
    { "host", "[::1", "host name or address expected" },
    { "duration", "-1s", "time such as 1.5s, 200ms or 2m expected" },
    { "duration", "3 days", "time such as" },
    { "size", "12X", "size such as 512, 64K or 10M expected" },
    { "size", "0.5", "size such as" },
    { "size", "99999999T", "size such as" },
    { { "tcp", "udp", "unix" }, "tc", 'tcp, udp or unix expected, got "tc"' },
  } do
    local got, err = value(c[1], c[2])
    eq(got, nil, tostring(c[1]) .. " " .. c[2])
    assert(err:find("--x: " .. c[3], 1, true), err)
  end
  local _, err = value("integer", ("9"):rep(1000))
  eq(err, "--x: integer expected, got 1000 characters")
end

function test_bounds()
  local spec = flags({ "n", "integer", "", min = 1, max = 10 }, { "f", "number", "", min = 0 })
  eq(cli.scan(spec, { "--n", "10", "--f", "0" }), { n = 10, f = 0 })
  eq({ cli.scan(spec, { "--n", "11" }) }, { nil, '--n: integer 1..10 expected, got "11"' })
  eq({ cli.scan(spec, { "--f=-1" }) }, { nil, '--f: number from 0 expected, got "-1"' })
end

function test_how_flags_are_written()
  local spec = flags(
    { "port", "port", "", short = "p" },
    { "verbose", "boolean", "", short = "v" },
    { "color", "boolean", "", default = true },
    { "dry-run", "boolean", "" })
  local function got(...) return cli.scan(spec, { ... }) end
  local plain = { verbose = false, color = true, dry_run = false }
  local function with(t)
    for k, v in pairs(plain) do if t[k] == nil then t[k] = v end end
    return t
  end
  eq(got(), plain)
  eq(got("--port", "80"), with { port = 80 })
  eq(got("--port=80"), with { port = 80 })
  eq(got("-p", "80"), with { port = 80 })
  eq(got("-p80"), with { port = 80 })
  eq(got("-p=80"), with { port = 80 })
  eq(got("-vp80"), with { port = 80, verbose = true })
  eq(got("--port", "1", "--port", "2"), with { port = 2 })
  eq(got("--dry-run"), with { dry_run = true })
  eq(got("--dry-run=false"), with {})
  eq(got("--no-color"), with { color = false })
  eq(got("--no-color", "--color"), with {})
  eq(got("--verbose=yes"), with { verbose = true })
end

function test_defaults()
  local spec = flags(
    { "size", "size", "", default = "64K" },
    { "port", "port", "", default = 9999 },
    { "wait", "duration", "", default = 2 },
    { "mode", { "a", "b" }, "", default = "b" },
    { "ports", "port", "", list = true, default = { "80", "443" } },
    { "tags", "string", "", list = true },
    { "none", "string", "" })
  eq(cli.scan(spec, {}), { size = 65536, port = 9999, wait = 2, mode = "b", ports = { 80, 443 }, tags = {} })
  eq(cli.scan(spec, { "--ports", "1", "--ports=2" }).ports, { 1, 2 })
  eq(cli.scan(spec, {}).ports, { 80, 443 })
end

function test_arguments()
  local spec = {
    flags = { { "raw", "boolean", "" } },
    args = {
      { "url", "string", "" },
      { "port", "port", "", default = 80 },
      { "more", "integer", "", list = true, optional = true },
    },
  }
  eq(cli.scan(spec, { "u" }), { url = "u", port = 80, more = {}, raw = false })
  eq(cli.scan(spec, { "u", "--raw", "1", "2", "3" }), { url = "u", port = 1, more = { 2, 3 }, raw = true })
  eq(cli.scan(spec, { "--", "--raw" }).url, "--raw")
  eq(cli.scan(spec, { "-" }).url, "-")
  eq({ cli.scan(spec, {}) }, { nil, "URL is missing" })
  eq({ cli.scan(spec, { "u", "x" }) }, { nil, 'PORT: port 0..65535 expected, got "x"' })
  eq({ cli.scan(spec, { "u", "1", "2", "x" }) }, { nil, 'MORE: integer expected, got "x"' })
  eq({ cli.scan({ args = { { "all", "string", "", list = true } } }, {}) }, { nil, "ALL is missing" })
  eq({ cli.scan({}, { "x" }) }, { nil, 'unexpected argument "x"' })
end

function test_errors()
  local spec = flags({ "port", "port", "" }, { "raw", "boolean", "", short = "r" }, { "to", "host", "", required = true })
  local function err(...) return select(2, cli.scan(spec, { ... })) end
  eq(err("--prot", "1"), "unknown flag --prot (did you mean --port?)")
  eq(err("--no-rwa"), "unknown flag --no-rwa (did you mean --no-raw?)")
  eq(err("--hlep"), "unknown flag --hlep (did you mean --help?)")
  eq(err("--something-else"), "unknown flag --something-else")
  eq(err("-x"), "unknown flag -x")
  eq(err("-rx"), "unknown flag -x")
  eq(err("-port"), "unknown flag -port (did you mean --port?)")
  eq(err("--port"), "--port: port 0..65535 expected, got nothing")
  eq(err("--=1"), "bad flag --=1")
  eq(err("--raw=perhaps"), '--raw: true or false expected, got "perhaps"')
  eq(err(), "--to is missing")
  eq(err("--help"), "help")
  eq(err("-h"), "help")
  eq(err("--", "-h"), "--to is missing")
  -- A script may have -h for itself.
  eq(cli.scan(flags { "host", "host", "", short = "h" }, { "-h", "x" }), { host = "x" })
end

function test_usage()
  eq(cli.usage {
    name = "fetch.lua",
    about = "Fetches a page.\n\nOver HTTP/1.0, so that no chunks come; everything that the server sends is kept byte for byte.",
    flags = {
      { "port", "port", "where to connect", default = 80, short = "p" },
      { "timeout", "duration", "how long to wait" },
      { "color", "boolean", "colours", default = true },
      { "header", "string", "a line to send", list = true },
      { "to", "host", "the server", required = true },
    },
    args = { { "url", "string", "what to fetch" }, { "file", "string", "where to", optional = true } },
    examples = { "netrepl fetch.lua --to localhost /" },
  }, [[
usage: fetch.lua [flags] URL [FILE]

Fetches a page.

Over HTTP/1.0, so that no chunks come; everything that the server sends is kept
byte for byte.

arguments:
  URL   what to fetch
  FILE  where to

flags:
  -p, --port PORT      where to connect (default 80)
      --timeout TIME   how long to wait
      --[no-]color     colours (on unless switched off)
      --header HEADER  a line to send (may be repeated)
      --to HOST        the server (required)
  -h, --help           show this and end

examples:
  netrepl fetch.lua --to localhost /
]])
  assert(cli.usage(flags({ "host", "host", "" }, { "raw", "boolean", "" }, { "n", "integer", "", required = true }))
    :find("^usage: cli_test.lua %[%-%-host HOST%] %[%-%-raw%] %-%-n N\n"))
end

function test_wrong_declarations()
  for _, c in ipairs {
    { { flag = {} }, "cli.scan: spec: no field flag (have name, about, flags, args, examples)" },
    { { about = 1 }, "spec.about: string expected, got 1" },
    { { flags = 1 }, "spec.flags: table of declarations expected, got 1" },
    { { flags = { port = 1 } }, "spec.flags: { { name, type, text }, ... } expected, got a field port" },
    { flags(1), "spec.flags[1]: { name, type, text } expected, got 1" },
    { flags {}, "spec.flags[1][1]: name expected, got nil" },
    { flags { "--x", "string" }, 'spec.flags[1][1]: name expected, got "--x"' },
    { flags { "x" }, "spec.flags[1][2]: type (string, integer, number," },
    { flags { "x", "prot" }, 'spec.flags[1][2]: unknown type "prot" (did you mean port?)' },
    { flags { "x", "port", 80 }, "spec.flags[1][3]: text expected, got 80" },
    { flags { "x", "port", "", defualt = 1 }, "spec.flags[1]: no field defualt" },
    { flags { "x", "port", "", default = "no" }, 'spec: x: default: port 0..65535 expected, got "no"' },
    { flags { "x", "port", "", short = "xy" }, 'spec.flags[1].short: one letter expected, got "xy"' },
    { flags { "x", { 1 }, "" }, "spec.flags[1][2][1]: string expected, got 1" },
    { flags({ "x", "port", "" }, { "x", "port", "" }), "spec: --x is declared twice" },
    { flags({ "x", "port", "", short = "p" }, { "y", "port", "", short = "p" }), "spec: -p is declared twice" },
    { flags { "help", "boolean", "" }, "spec: --help is declared twice" },
    { { args = { { "x", "boolean", "" } } }, 'spec.args[1][2]: a type with a value expected, got "boolean"' },
    { { args = { { "x", "string", "", list = true }, { "y", "string", "" } } }, "spec: x takes the rest and must be the last" },
    { { args = { { "x", "string", "", optional = true }, { "y", "string", "" } } },
      "spec: y must be optional too, as x before it is" },
    { { flags = { { "x", "port", "" } }, args = { { "x", "string", "" } } }, "spec: x is a flag too" },
    { { examples = { 1 } }, "spec.examples[1]: string expected, got 1" },
  } do
    raises(function() cli.scan(c[1], {}) end, c[2])
  end
  raises(function() cli.parse() end, "cli.parse: spec: table expected, got nothing")
  raises(function() cli.fail() end, "cli.fail: message: string expected, got nothing")
  raises(function() cli.fail("x", 256) end, "cli.fail: code: integer 0..255 expected, got 256")
end

function test_parse_reads_arg()
  arg = { [0] = "dir/x.lua", "--n", "5" }
  eq(cli.parse(flags { "n", "integer", "" }), { n = 5 })
end
