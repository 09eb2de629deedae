--- Text tables: columns as wide as they need to be, each row one line whatever its texts hold.

local foreign = require "shark.text.foreign"

local M = {}

local function cells(columns, row)
  local list = {}
  for i, column in ipairs(columns) do
    local value = row[column.field]
    if value ~= nil and column.format then
      value = column.format(value)
    end
    list[i] = value == nil and "-" or foreign.line(value)
  end
  return list
end

local function line(columns, widths, list)
  local parts = {}
  for i, column in ipairs(columns) do
    local pad = (" "):rep(widths[i] - foreign.width(list[i]))
    parts[i] = column.left and list[i] .. pad or pad .. list[i]
  end
  return (table.concat(parts, "  "):gsub("%s+$", ""))
end

--- Renders rows as a table.
--- @param columns table[] { title, field, left = align left, format = fun(value): string }
--- @param rows table[] each a table with the fields of the columns
--- @return string text the lines, title first, without a newline at the end
function M.render(columns, rows)
  local widths, all = {}, { {} }
  for i, column in ipairs(columns) do
    all[1][i] = column.title
  end
  for _, row in ipairs(rows) do
    all[#all + 1] = cells(columns, row)
  end
  for i = 1, #columns do
    widths[i] = 0
    for _, list in ipairs(all) do
      widths[i] = math.max(widths[i], foreign.width(list[i]))
    end
  end
  for i, list in ipairs(all) do
    all[i] = line(columns, widths, list)
  end
  return table.concat(all, "\n")
end

return M
