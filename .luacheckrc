std = "luajit"
max_line_length = 120
globals = { "shark" }
read_globals = {
  "set_interval", "set_timeout", "print_hist", "print_hist_raw",
}
exclude_files = { "build", "lua/shark/_meta" }
