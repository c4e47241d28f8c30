// C++17 as users build it: threads, futures, condition variables, regular expressions, the file
// system, streams, random numbers, locale-free formatting. The runtime is linked in or comes as
// DLLs.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <shared_mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

namespace fs = std::filesystem;

// A queue that threads share.
class Queue
{
  public:
    void put(int value)
    {
        std::lock_guard<std::mutex> guard(lock);
        values.push_back(value);
        filled.notify_one();
    }

    int take()
    {
        std::unique_lock<std::mutex> guard(lock);
        filled.wait(guard, [this] { return !values.empty(); });
        int value = values.front();
        values.pop_front();
        return value;
    }

  private:
    std::mutex lock;
    std::condition_variable filled;
    std::deque<int> values;
};

thread_local int per_thread = 7;

static void threads()
{
    Queue queue;
    std::atomic<int> sum{0}, fresh{0};
    std::vector<std::thread> takers;
    for (int i = 0; i < 4; i++)
        takers.emplace_back([&] {
            fresh += per_thread;
            per_thread = 0;
            for (int n = 0; n < 25; n++)
                sum += queue.take();
        });
    for (int i = 1; i <= 100; i++)
        queue.put(i);
    for (auto &taker : takers)
        taker.join();
    std::cout << "sum " << sum << ", fresh thread_local " << fresh << ", mine " << per_thread
              << '\n';

    auto answer = std::async(
        std::launch::async, [](int x) { return x * 6; }, 7);
    auto thrown = std::async(std::launch::async, []() -> int { throw std::out_of_range("far"); });
    std::cout << "future " << answer.get() << '\n';
    try {
        thrown.get();
    } catch (const std::out_of_range &error) {
        std::cout << "from another thread: " << error.what() << '\n';
    }

    std::shared_mutex shared;
    int guarded = 0;
    std::thread writer([&] {
        std::unique_lock<std::shared_mutex> guard(shared);
        guarded = 5;
    });
    writer.join();
    std::shared_lock<std::shared_mutex> guard(shared);
    std::once_flag once;
    for (int i = 0; i < 3; i++)
        std::call_once(once, [] { std::cout << "once\n"; });
    std::timed_mutex timed;
    timed.lock();
    bool got = true;
    std::thread waiter([&] { got = timed.try_lock_for(std::chrono::milliseconds(1)); });
    waiter.join();
    timed.unlock();
    std::cout << "guarded " << guarded << ", timed out " << !got << ", hardware "
              << (std::thread::hardware_concurrency() > 0) << '\n';
    auto before = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::cout << "time goes on: " << (std::chrono::steady_clock::now() > before) << '\n';
}

static void expressions()
{
    const std::string text = "alice@example.com, bob@test.org; carol at nowhere";
    const std::regex mail(R"((\w+)@(\w+)\.(com|org))");
    for (std::sregex_iterator it(text.begin(), text.end(), mail), end; it != end; ++it)
        std::cout << "user " << (*it)[1] << " host " << (*it)[2] << '\n';
    std::cout << std::regex_replace(text, mail, "<$1>") << '\n';
    try {
        std::regex bad("(");
    } catch (const std::regex_error &error) {
        std::cout << "bad expression: " << (error.code() == std::regex_constants::error_paren)
                  << '\n';
    }
}

static void write_file(const fs::path &path, std::string_view text)
{
    std::ofstream(path, std::ios::binary) << text;
}

static void files()
{
    const fs::path root = fs::current_path() / "fs17";
    fs::remove_all(root);
    std::cout << "made " << fs::create_directories(root / "a" / "b") << '\n';
    write_file(root / "one.txt", "hello world");
    write_file(root / "a" / "two.txt", "22");
    write_file(root / "a" / "b" / u8"\u00fcml.txt", "umlaut");
    std::vector<std::string> names;
    for (const auto &entry : fs::recursive_directory_iterator(root))
        names.push_back(entry.path().lexically_relative(root).generic_u8string() +
                        (entry.is_directory() ? "/" : ":" + std::to_string(entry.file_size())));
    std::sort(names.begin(), names.end());
    for (const auto &name : names)
        std::cout << name << '\n';

    fs::copy_file(root / "one.txt", root / "copy.txt");
    fs::create_hard_link(root / "one.txt", root / "link.txt");
    std::cout << "links " << fs::hard_link_count(root / "link.txt") << ' '
              << fs::hard_link_count(root / "copy.txt") << '\n';
    write_file(root / "link.txt", "through the link");
    std::ifstream one(root / "one.txt");
    std::string line;
    std::getline(one, line);
    one.close();
    std::cout << line << "; same " << fs::equivalent(root / "one.txt", root / "link.txt") << ' '
              << fs::equivalent(root / "one.txt", root / "copy.txt") << '\n';

    fs::rename(root / "copy.txt", root / "renamed.txt");
    fs::resize_file(root / "renamed.txt", 5);
    auto stamp =
        std::chrono::time_point_cast<std::chrono::seconds>(fs::last_write_time(root / "one.txt")) -
        std::chrono::hours(48);
    fs::last_write_time(root / "renamed.txt", stamp);
    std::cout << "size " << fs::file_size(root / "renamed.txt") << ", time kept "
              << (fs::last_write_time(root / "renamed.txt") == stamp) << '\n';
    fs::permissions(root / "renamed.txt",
                    fs::perms::owner_write | fs::perms::group_write | fs::perms::others_write,
                    fs::perm_options::remove);
    bool read_only = (fs::status(root / "renamed.txt").permissions() & fs::perms::owner_write) ==
                     fs::perms::none;
    fs::permissions(root / "renamed.txt", fs::perms::owner_write, fs::perm_options::add);
    std::cout << "read-only " << read_only << '\n';

    std::error_code error;
    fs::create_directory(root / "none" / "below", error);
    std::cout << "no parent: " << (error == std::errc::no_such_file_or_directory) << '\n';
    std::cout << "not there: " << fs::exists(root / "nothing") << ' '
              << fs::is_directory(root / "a") << fs::is_regular_file(root / "one.txt") << '\n';
    std::cout << fs::absolute("x").is_absolute() << ' '
              << (fs::canonical(root / "a" / ".." / "one.txt") == fs::canonical(root / "one.txt"))
              << ' ' << fs::weakly_canonical(root / "q" / "..").filename().string() << '\n';
    auto space = fs::space(root);
    std::cout << "space " << (space.capacity > 0 && space.free <= space.capacity) << ", temporary "
              << fs::is_directory(fs::temp_directory_path()) << '\n';
    std::cout << "removed " << fs::remove_all(root) << ", left " << fs::exists(root) << '\n';
}

static void streams()
{
    std::ostringstream out;
    out << std::hex << std::showbase << 255 << ' ' << std::dec << std::setw(6) << std::setfill('*')
        << 42 << ' ' << std::fixed << std::setprecision(3) << 3.14159 << ' ' << std::scientific
        << 12345.678 << ' ' << std::boolalpha << true;
    std::cout << out.str() << '\n';
    std::istringstream in("17 2.5 word 0x1f");
    int i;
    double d;
    std::string w;
    in >> i >> d >> w >> std::hex;
    int h;
    in >> h;
    std::cout << i + d << ' ' << w << ' ' << h << '\n';
    std::tm when = {};
    std::istringstream("2011-02-22 13:04:05") >> std::get_time(&when, "%Y-%m-%d %H:%M:%S");
    std::cout << std::put_time(&when, "%d.%m.%Y %H:%M:%S") << '\n';
    std::wostringstream wide;
    wide << L"wide " << 5;
    std::cout << wide.str().size() << ' ' << std::stoi("123") + std::stod("0.5") << ' '
              << std::to_string(1.5) << '\n';
    std::fstream file("stream.bin",
                      std::ios::in | std::ios::out | std::ios::trunc | std::ios::binary);
    file << "0123456789";
    file.seekp(3);
    file << "x";
    file.seekg(0);
    std::string text;
    file >> text;
    std::cout << text << ' ' << file.eof() << '\n';
}

static void values()
{
    std::random_device device;
    std::mt19937 twister(5489u);
    twister.discard(9999);
    std::cout << "mt19937 " << twister() << ", random "
              << (device() != device() || device() != device()) << '\n';
    std::variant<int, std::string> either = "text";
    std::optional<int> none;
    std::map<std::string, int> counts;
    for (const char *word : {"b", "a", "b"})
        counts[word]++;
    auto [first, count] = *counts.begin();
    std::cout << std::get<std::string>(either) << ' ' << none.value_or(-1) << ' ' << first << count
              << '\n';
    std::vector<int> numbers(10);
    std::iota(numbers.begin(), numbers.end(), 1);
    std::cout << std::accumulate(numbers.begin(), numbers.end(), 0) << ' ' << std::gcd(12, 18)
              << ' ' << std::make_unique<int>(3).operator*() << '\n';
    try {
        (void)std::get<int>(either);
    } catch (const std::bad_variant_access &) {
        std::cout << "bad access\n";
    }
}

int main()
{
    threads();
    expressions();
    files();
    streams();
    values();
    std::cerr << "done\n";
    return 17;
}
