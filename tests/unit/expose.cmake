sdt_unit_test(expose
  expose/exposition_test.cpp
  expose/http_server_test.cpp
  expose/landing_page_test.cpp
  expose/listen_address_test.cpp
  expose/process_metrics_test.cpp)
target_link_libraries(unit_expose PRIVATE prometheus-cpp::core Boost::headers Threads::Threads)
