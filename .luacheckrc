std = "luajit"
max_line_length = 120
globals = { "shark" }
-- From the second line on: of handlers, which are compiled to BPF.
read_globals = {
  "set_interval", "set_timeout", "print_hist", "print_hist_raw",
  "comm", "cpu", "emit", "now", "pid", "stack", "str", "tid", "uid", "ustack", "ustr",
  "in_hardirq", "in_softirq", "in_nmi", "irq", "vector", "softirq",
}
-- What is printed goes through shark.text.out, which makes foreign text fit.
files["samples"] = { not_globals = { "print", "io.write", "io.stdout.write" } }
files["lua/shark"] = { not_globals = { "print", "io.write" } }
files["samples/ticks.lua"] = { globals = { "print" } }
exclude_files = { "build", "lua/shark/_meta" }
