-- tcpconnect: a line for each TCP connection that is begun
local bit = require "bit"
local cli = require "shark.cli"
local probe = require "shark.probe"
local probetable = require "shark.probetable"

local NAME = "tcpconnect"

local parser = cli.parser(NAME, "Prints each TCP connection that is begun here: by whom, to which address and port.")
parser:option("--port", "To this port only."):argname("PORT"):convert(cli.number)
cli.add_run_options(parser)
local options = parser:parse()

local SYN_SENT, INET6 = 2, 10 -- include/net/tcp_states.h, include/linux/socket.h
local only = options.port or -1

local function changed(sock, _, state)
  if state == SYN_SENT then
    local sk = probe.cast(sock, "struct sock").__sk_common
    local port = bit.bor(bit.lshift(bit.band(sk.skc_dport, 255), 8), bit.rshift(sk.skc_dport, 8))
    if only < 0 or port == only then
      local v6 = sk.skc_v6_daddr.in6_u
      emit { pid = pid(), comm = comm(), family = sk.skc_family, port = port, v4 = sk.skc_daddr,
        a = v6.u6_addr32[0], b = v6.u6_addr32[1], c = v6.u6_addr32[2], d = v6.u6_addr32[3] }
    end
  end
end

probetable.lines {
  name = NAME, options = options, what = "connections begun", filters = { "port" },
  session = probetable.attach(NAME, { { "inet_sock_set_state", changed } }),
  prepare = function(r)
    r.address = r.family == INET6 and probetable.ipv6(r.a, r.b, r.c, r.d) or probetable.ipv4(r.v4)
    r.family, r.v4, r.a, r.b, r.c, r.d = r.family == INET6 and 6 or 4, nil, nil, nil, nil, nil
  end,
  columns = { { title = "PID", field = "pid", width = 8 }, { title = "COMM", field = "comm", width = 16 },
    { title = "IP", field = "family", width = 2 }, { title = "ADDRESS", field = "address", width = 39 },
    { title = "PORT", field = "port" } },
}
