// What is in dashboards/ is what the code makes now.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "dashboard/grafana.h"
#include "dashboard/of_config.h"
#include "dashboard/of_exporter.h"
#include "spec/load.h"

namespace sdt::dashboard {
namespace {

const std::filesystem::path top = SDT_TOP;

std::string shipped(const std::string& name) {
  std::ifstream file(top / "dashboards" / (name + ".json"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Without their ending, the files of a folder that have it.
std::set<std::string> names(const std::filesystem::path& folder, const std::string& ending) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ending) names.insert(entry.path().stem().string());
  return names;
}

const char* const remedy = "is not what is made now; run ./dev dashboards";

TEST(ShippedDashboards, AreThoseOfThePacks) {
  for (const std::string& name : names(top / "config/packs", ".yaml")) {
    const std::string path = top / "config/packs" / (name + ".yaml");
    const spec::LoadResult loaded = spec::load_files({&path, 1});
    ASSERT_TRUE(loaded.ok()) << path;
    EXPECT_TRUE(grafana_json(dashboard_of(loaded.config, "")) == shipped(name))
        << "dashboards/" << name << ".json " << remedy;
  }
}

TEST(ShippedDashboards, AndThatOfTheExporter) {
  EXPECT_TRUE(grafana_json(dashboard_of_exporter()) == shipped("sdt_exporter"))
      << "dashboards/sdt_exporter.json " << remedy;
}

TEST(ShippedDashboards, AndNoOthers) {
  std::set<std::string> expected = names(top / "config/packs", ".yaml");
  expected.insert("sdt_exporter");
  EXPECT_EQ(names(top / "dashboards", ".json"), expected);
}

}  // namespace
}  // namespace sdt::dashboard
