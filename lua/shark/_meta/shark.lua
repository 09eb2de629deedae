---@meta
-- Types of the global `shark` and of the global helpers, for editors.

---@class shark
---@field verbose boolean -V was given
---@field version string "0.1.0"
shark = {}

--- Uses a file instead of what the running kernel says of itself: BTF, raw or in
--- an ELF file, or else an ELF file's DWARF, for types (programs are relocated
--- against them); an ELF file with symbols, or text like /proc/kallsyms or
--- System.map, for symbols. DWARF needs the library libdw (Debian's package
--- libdw1): without it, and in a static shark, ELIBACC.
---@param path string? nil goes back to the running kernel
---@return true? ok
---@return string? message
---@return string? name of the error
function shark.debuginfo_set(path) end

--- The program that user addresses are looked up in.
---@param path string of an ELF file with symbols
---@return true? ok
---@return string? message
---@return string? name of the error
function shark.set_binary(path) end

--- The symbol that covers an address: of the kernel for an address of its half,
--- else of the program given to set_binary() (address as in its file).
---@param address integer|string|ffi.cdata* uint64_t, or digits, "0x" for hexadecimal
---@return string? name
---@return integer|string offset of the address in the symbol, or a message
---@return integer|string size of the symbol in bytes, or the name of the error
---@return string module "kernel", a module, or "" for a program
function shark.symbol(address) end

--- Keeps a value; get_ref() gives it back.
---@param value any
---@return integer number
function shark.lua_ref(value) end

---@param number integer
---@return any value nil for a number that lua_ref() never gave
function shark.get_ref(number) end

---@class shark.Stats
---@field sessions_opened integer
---@field sessions_open integer
---@field events integer handed over to handlers
---@field ring_drops integer
---@field undelivered integer events left in the ring when nobody took them any more
---@field map_full integer
---@field missed_runs integer? nil where the kernel does not count them
---@field too_deep integer
---@field unmatched_entries integer
---@field unmatched_exits integer
---@field stacks_lost integer stacks that could not be taken
---@field lua_bytes integer

--- What this process has seen and lost so far.
---@return shark.Stats
function shark.stats() end

--- Starts a command under the loop; the run ends when the last one has ended.
---@param command string looked up in PATH
---@param ... string
---@return { pid: integer, status: integer?, signal: integer? }? child
---@return string? message
---@return string? name of the error
function shark.exec(command, ...) end

--- A raw, non-blocking AF_PACKET socket for all protocols.
---@param interface string
---@return integer? fd
---@return string? message
---@return string? name of the error
function shark.open_raw_sock(interface) end

--- Filters what a socket receives.
---@param fd integer
---@param filter? string|integer[][] compiled BPF object, or classic {code, jt, jf, k}; nil: the first program loaded
---@return true? ok
---@return string? message
---@return string? name of the error
function shark.sock_attach_bpf(fd, filter) end

--- What can be traced, how, and what it means; see docs/reference.md.
---@return table[] providers by name: see shark.providers
function shark.providers() end

--- Starts a trace of any kind, by the name that providers() gives it.
---@param provider string "hardirq"
---@param options? table its filters, features and sizes, see providers(); `way`, `audit`
---@return shark.Session?
---@return string? message
---@return string? name of the error
function shark.trace(provider, options) end

--- An IPv4 address in host order as "a.b.c.d".
---@param address integer
---@return string
function shark.iptos(address) end

--- What this process may do now, as root or with capabilities of its file.
---@return string[] capabilities { "CAP_CHOWN", ... }
function shark.capabilities() end

--- Gives up what the process may do, for good, but for the capabilities that are named. Traces that run go on; what
--- needs more afterwards is refused. Commands that root starts have root's capabilities again, those of users have not.
---@param keep? string[] { "CAP_BPF", "CAP_PERFMON" }; none: keeps nothing
---@return true? ok
---@return string? message
---@return string? name "EBUSY" while other threads run, which keep theirs
function shark.drop_capabilities(keep) end

--- Microseconds since 1970.
---@return integer
function shark.gettimeofday() end

--- Ends the run in order, when control is back in the loop.
function shark.stop() end

--- Calls callback when the run ends, before those of on_end.
---@param callback fun()
function shark.add_end_notify(callback) end

--- Calls callback when the run ends, in the order given.
---@param callback fun()
function shark.on_end(callback) end

--- Calls callback every so many seconds with what the rows of a trace have more than at the last call, and
--- when the run ends, before the callbacks of the end, with the rest: all of it adds up to what read() gives then.
--- A row that is gone comes once more, with what it had counted taken back. Maxima are those since the start.
---@param seconds number
---@param source shark.Session|shark.probe.Aggregate
---@param callback fun(rows: table[], seconds: number, is_last: boolean) rows with something new, and the time since the last call
---@return uv_timer_t timer closing it ends this, without a last call
function shark.every(seconds, source, callback) end

--- Bars, each scaled to its share of the total, descending.
---@param t table<any, number>
---@param cmp? fun(a: number, b: number): boolean
function shark.print_hist(t, cmp) end

--- "key<tab>value" lines.
---@param t table<any, number>
---@param cmp? fun(a: number, b: number): boolean
function shark.print_hist_raw(t, cmp) end

print_hist = shark.print_hist
print_hist_raw = shark.print_hist_raw

--- Calls callback(timer) every ms milliseconds.
---@param callback fun(timer: uv_timer_t)
---@param ms number
---@return uv_timer_t
function set_interval(callback, ms) end

--- Calls callback(timer) once, after ms milliseconds.
---@param callback fun(timer: uv_timer_t)
---@param ms number
---@return uv_timer_t
function set_timeout(callback, ms) end
