sdt_unit_test(expose
  expose/basic_auth_test.cpp
  expose/exposition_test.cpp
  expose/histogram_figure_test.cpp
  expose/html_test.cpp
  expose/http_server_test.cpp
  expose/listen_address_test.cpp
  expose/metric_card_test.cpp
  expose/process_metrics_test.cpp
  expose/readable_test.cpp
  expose/routes_test.cpp
  expose/targets_json_test.cpp
  expose/targets_page_test.cpp
  expose/web_config_file_test.cpp
  expose/web_config_test.cpp)
target_link_libraries(unit_expose PRIVATE prometheus-cpp::core nlohmann_json::nlohmann_json Boost::headers Threads::Threads)
