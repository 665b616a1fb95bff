# Raises exceptions, makes objects, collects garbage, and says how much of each.
#
# Prints "ready", waits for a line, works, prints one line of JSON and stays until standard input ends.
# It takes no library for that: what the library did would be counted, too.

class Widget; end

module Sdt
  class Gadget; end
  class Fault < StandardError; end
end

def raised(count, kind)
  count.times do
    begin
      raise kind, "on purpose"
    rescue kind
      nil
    end
  end
  count
end

def created(count, kind)
  count.times { kind.new }
  count
end

$stdout.sync = true
puts "ready"
$stdin.gets
faults = raised(37, Sdt::Fault)
arguments = raised(5, ArgumentError)
divisions = 0
11.times do
  begin
    1 / (divisions - divisions)
  rescue ZeroDivisionError
    divisions += 1
  end
end
widgets = created(1000, Widget)
gadgets = created(234, Sdt::Gadget)
parsed = 0
21.times { parsed += eval("1") }
3.times { load File.join(__dir__, "loaded.rb") }
2.times { require_relative "loaded" }
50_000.times { "garbage" + "more" }
4.times { GC.start }
GC.disable
puts %({"raised": {"Sdt::Fault": #{faults}, "ArgumentError": #{arguments}, "ZeroDivisionError": #{divisions}},) +
     %( "created": {"Widget": #{widgets}, "Sdt::Gadget": #{gadgets}},) +
     %( "parsed": #{parsed}, "loads": 3, "requires": 2, "collections": #{GC.count}})
$stdin.read
