// A C++ program, its library linked in: streams, exceptions through frames, destructors, std::thread.
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{
struct noisy {
    ~noisy()
    {
        std::cout << "destroyed" << std::endl;
    }
};

void thrower(int depth)
{
    noisy guard;
    if (depth == 0)
        throw std::runtime_error("from the deep");
    thrower(depth - 1);
}
} // namespace

int main()
{
    std::vector<std::string> words{"one", "two", "three"};
    try {
        thrower(2);
    } catch (const std::exception &error) {
        std::cout << error.what() << ' ' << words.size() << std::endl;
    }
    double sum = 0;
    std::thread worker([&] {
        try {
            words.at(7);
        } catch (const std::out_of_range &) {
            sum = 1.5;
        }
    });
    worker.join();
    std::cout << sum << std::endl;
    return 9;
}
